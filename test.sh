#!/usr/bin/env bash
# Installs what the tests need and is missing, and runs every test: ./test.sh --help
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ROOT
readonly KAFKA=$ROOT/target/kafka
readonly TOOLS=$ROOT/target/tools
readonly JAVA=(java -XX:-UsePerfData -Djava.awt.headless=true -cp "$KAFKA/lib/*")
# For what runs a second or two: less of it is compiled, and a broker beside it keeps its memory.
readonly BRIEFLY=(-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)
readonly PROFILE=${GIAOBAN_TEST_PROFILE:-release}
cd "$ROOT"

usage() {
  cat <<'HELP'
Usage: ./test.sh [COMMAND] [-- ARGUMENT...]

  (none)         everything: installs what is missing, starts two real Kafka brokers, one of
                 them secured, checks the Prometheus configuration, runs every test, and stops them
  quick          only the tests that need nothing but Rust and a C compiler
  kafka          starts the plain broker alone, prints its address, and keeps it until Ctrl-C
  secured-kafka  the same with the broker that wants TLS, SCRAM and access rules
  bench          starts the plain broker and measures the pipeline on it against a bare consumer

Arguments after -- go to the tests as a filter (./test.sh -- kafka_) or to the benchmark
(./test.sh bench -- --records 300000 --pairs 1).

What it installs, each only if it is missing:
  target/kafka/lib   Apache Kafka from Maven Central (54 MB)
  target/tools       promtool, taken out of Debian's package prometheus; no service is installed
  by apt-get, as root only: build-essential, perl, maven, default-jre-headless

Environment:
  KAFKA_BROKERS          use this plain broker (host:port,…) and start none
  KAFKA_SECURED          use the secured broker that this folder describes (target/kafka/secured of
                         a ./test.sh secured-kafka) and start none
  GIAOBAN_TEST_PROFILE   Cargo profile to build with; release unless set, dev compiles faster
  CI=true                a check that cannot be made is a failure, not a remark
HELP
}

say() { printf '==> %s\n' "$*"; }
die() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

# --- what must be there ---------------------------------------------------------------------

# need COMMAND PACKAGE WHY: installs PACKAGE by apt-get where COMMAND is missing.
need() {
  command -v "$1" >/dev/null && return
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    die "$1 is missing ($3). Install it; on Debian or Ubuntu: sudo apt-get install $2"
  fi
  say "installing $2 by apt-get: $1 is missing ($3)"
  apt_lists
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

apt_lists() {
  [ -n "${apt_lists_are_fresh:-}" ] || apt-get update -qq
  apt_lists_are_fresh=1
}

need_rust() {
  command -v cargo >/dev/null || die "cargo is missing. Install Rust from https://rustup.rs, then run this again"
  need cc build-essential "compiles librdkafka, OpenSSL and SQLite"
  need make build-essential "compiles librdkafka and OpenSSL"
  need perl perl "configures OpenSSL"
}

need_kafka() {
  local version java
  version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' tests/kafka/pom.xml)
  need java default-jre-headless "runs the Kafka broker"
  java=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = //p')
  [ "${java%%.*}" -ge 17 ] || die "Kafka $version needs Java 17 or later, and java is version $java. Put a newer one first in PATH"
  if [ -e "$KAFKA/lib/kafka_2.13-$version.jar" ] && [ -e "$KAFKA/lib/.complete" ]; then
    say "Apache Kafka $version is in target/kafka/lib"
    return
  fi
  need mvn maven "fetches Apache Kafka"
  say "installing Apache Kafka $version from Maven Central into target/kafka/lib"
  rm -rf "${KAFKA:?}/lib"
  mkdir -p "$KAFKA/lib"
  if ! mvn -q -B -C -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$KAFKA/lib" \
    >"$KAFKA/maven.log" 2>&1; then
    tail -n 5 "$KAFKA/maven.log" >&2
    die "Apache Kafka could not be fetched. Is Maven Central reachable? Or set KAFKA_BROKERS to a broker that runs"
  fi
  touch "$KAFKA/lib/.complete"
}

# --- the brokers ----------------------------------------------------------------------------

# A broker is a folder of target/kafka: plain or secured. It holds server.properties, the data, broker.log and pid.
running=()
locks=()

# Ends the process in the pid file of NODE, if it is that broker.
end_of() {
  local pid
  pid=$(cat "$KAFKA/$1/pid" 2>/dev/null) || return 0
  if grep -qsF "$KAFKA/$1/server.properties" "/proc/$pid/cmdline"; then
    kill "$pid" 2>/dev/null || true
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -f "$KAFKA/$1/pid"
}

stop_kafka() {
  local node
  for node in "${running[@]}"; do end_of "$node"; done
  running=()
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints FIRST if nothing listens there, else some free port above 20000.
free_port() {
  local port=$1
  while port_is_taken "$port"; do port=$((20000 + RANDOM % 12000)); done
  echo "$port"
}

# Asks the port for Kafka's metadata (version 1, no topics) and succeeds if one live broker is named in the
# answer: a port that is merely open, or a broker not yet let in by its controller, is not ready.
plain_answers() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf '\0\0\0\016\0\003\0\001\0\0\0\1\377\377\0\0\0\0' >&3
  answer=$(timeout 2 head -c 12 <&3 | od -An -v -tx1 -j4 | tr -d ' \n') || true
  exec 3>&-
  [ "$answer" = 0000000100000001 ]
}

# Without a password no question is answered there, so the broker's own word is taken.
secured_answers() { grep -q 'Kafka Server started' "$KAFKA/secured/broker.log"; }

# A certificate authority, the broker's certificate for 127.0.0.1 and no other name, another authority that signed
# nothing, and a password for each user: new in each run, for this machine alone.
make_secrets() {
  local dir=$KAFKA/secured user
  local new=(openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  {
    "${new[@]}" -x509 -days 2 -subj /CN=giaoban-tests -keyout "$dir/ca.key" -out "$dir/ca.pem"
    "${new[@]}" -x509 -days 2 -subj /CN=somebody-else -keyout "$dir/other.key" -out "$dir/other-ca.pem"
    "${new[@]}" -subj /CN=broker -keyout "$dir/broker.key" -out "$dir/broker.csr"
    openssl x509 -req -in "$dir/broker.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
      -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$dir/broker.crt"
  } 2>"$dir/openssl.log" || die "openssl made no certificates: $(tail -n 3 "$dir/openssl.log")"
  cat "$dir/broker.key" "$dir/broker.crt" >"$dir/broker.pem"
  for user in "${USERS[@]}"; do openssl rand -hex 16 >"$dir/$user.password"; done
  cat >"$dir/admin.properties" <<PROPERTIES
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$(<"$dir/admin.password")";
ssl.truststore.type=PEM
ssl.truststore.location=$dir/ca.pem
PROPERTIES
}

# Kafka's scripts under their own names, for config/kafka/acls.sh.
make_tools() {
  local name class
  mkdir -p "$KAFKA/bin"
  while read -r name class; do
    printf '#!/bin/sh\nexec java %s -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "%s" %s "$@"\n' \
      "${BRIEFLY[*]}" "$KAFKA/lib/*" "$class" >"$KAFKA/bin/$name"
    chmod +x "$KAFKA/bin/$name"
  done <<'NAMES'
kafka-acls.sh org.apache.kafka.tools.AclCommand
kafka-configs.sh kafka.admin.ConfigCommand
NAMES
}

# admin may do everything, and the others nothing until the tests give them rules.
readonly USERS=(admin operator producer worker reader leaver)

# Starts NODE's process on fresh data. The secured one comes with secrets, so nobody else may read its folder.
start_node() {
  local node=$1 dir=$KAFKA/$1 protocol=PLAINTEXT port controller memory=512m scram=() user
  if [ "$node" = secured ]; then
    protocol=SASL_SSL memory=256m
  fi
  mkdir -p "$dir"
  chmod 700 "$dir"
  rm -rf "$dir/data" "$dir/broker.log"
  port=$(free_port $([ "$node" = plain ] && echo 9092 || echo 9192))
  controller=$(free_port $((port + 1)))
  {
    cat tests/kafka/server.properties
    echo "listeners=$protocol://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
    echo "advertised.listeners=$protocol://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
    echo "controller.quorum.bootstrap.servers=127.0.0.1:$controller"
    echo "log.dirs=$dir/data"
  } >"$dir/server.properties"
  if [ "$node" = secured ]; then
    make_secrets
    sed "s|@DIR@|$dir|; s|@PASSWORD@|$(<"$dir/admin.password")|" tests/kafka/secured.properties >>"$dir/server.properties"
    for user in "${USERS[@]}"; do
      scram+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$(<"$dir/$user.password")]")
    done
  fi
  # Salts and keys are printed on success: the log is for a failure only.
  "${JAVA[@]}" "${BRIEFLY[@]}" kafka.tools.StorageTool format --standalone --cluster-id giaoban-tests-broker-A \
    "${scram[@]}" --config "$dir/server.properties" >"$dir/format.log" 2>&1 ||
    die "Kafka's storage could not be formatted; $dir/format.log ends: $(tail -n 3 "$dir/format.log")"
  rm "$dir/format.log"
  (
    # The locks are this script's: a broker that outlives it must not hold them.
    for lock in "${locks[@]}"; do exec {lock}>&-; done
    exec "${JAVA[@]}" -Xmx"$memory" kafka.Kafka "$dir/server.properties" >"$dir/broker.log" 2>&1 </dev/null
  ) &
  echo $! >"$dir/pid"
  echo "$port" >"$dir/port"
}

# Waits until NODE answers. Fails if it ended before: a port was taken meanwhile.
answered() {
  local dir=$KAFKA/$1 pid port
  pid=$(<"$dir/pid")
  port=$(<"$dir/port")
  for _ in {1..600}; do
    kill -0 "$pid" 2>/dev/null || return 1
    "${1}_answers" "$port" 2>/dev/null && return
    sleep 0.1
  done
  die "the $1 broker did not answer within a minute; see $dir/broker.log"
}

# Starts the brokers named that are not there already, at once, and says where they are.
start_kafka() {
  local node lock nodes=()
  for node in "$@"; do
    case $node in
      plain) [ -n "${KAFKA_BROKERS:-}" ] && say "using the Kafka broker at $KAFKA_BROKERS (KAFKA_BROKERS is set)" && continue ;;
      secured) [ -n "${KAFKA_SECURED:-}" ] && say "using the secured broker of $KAFKA_SECURED (KAFKA_SECURED is set)" && continue ;;
    esac
    nodes+=("$node")
  done
  [ ${#nodes[@]} -gt 0 ] || return 0
  need_kafka
  need openssl openssl "makes the secured broker's certificates"
  make_tools
  trap stop_kafka EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  for node in "${nodes[@]}"; do
    mkdir -p "$KAFKA/$node"
    exec {lock}>"$KAFKA/$node/lock"
    flock -n "$lock" || die "another ./test.sh has its $node broker running in this directory. Wait for it, or set $(variable_of "$node") to use that one"
    locks+=("$lock")
    # A run that was killed outright could not stop its broker.
    end_of "$node"
    running+=("$node")
  done
  for node in "${nodes[@]}"; do start_node "$node"; done
  for node in "${nodes[@]}"; do
    for try in 1 2 3; do
      answered "$node" && break
      [ "$try" = 3 ] && tail -n 20 "$KAFKA/$node/broker.log" >&2 &&
        die "the $node broker ended before it answered; the end of target/kafka/$node/broker.log is above"
      start_node "$node"
    done
    case $node in
      plain) export KAFKA_BROKERS=127.0.0.1:$(<"$KAFKA/plain/port") ;;
      secured) export KAFKA_SECURED=$KAFKA/secured ;;
    esac
    say "the $node Kafka broker answers at 127.0.0.1:$(<"$KAFKA/$node/port") (log: target/kafka/$node/broker.log)"
  done
}

variable_of() { [ "$1" = plain ] && echo KAFKA_BROKERS || echo KAFKA_SECURED; }

# --- the checks -----------------------------------------------------------------------------

# promtool alone: the whole package would start a service.
need_promtool() {
  PATH=$TOOLS/usr/bin:$PATH
  command -v promtool >/dev/null && return
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
  say "installing promtool from Debian's package prometheus into target/tools"
  mkdir -p "$TOOLS"
  rm -f "$TOOLS"/prometheus_*.deb
  [ "$(id -u)" != 0 ] || apt_lists
  (cd "$TOOLS" && apt-get download -qq prometheus 2>/dev/null && dpkg -x prometheus_*.deb . && rm prometheus_*.deb) &&
    command -v promtool >/dev/null
}

check_prometheus() {
  if ! need_promtool; then
    [ "${CI:-}" != true ] || die "config/prometheus cannot be checked: promtool is missing"
    say "not checked: config/prometheus (promtool is missing; it comes with Prometheus)"
    return
  fi
  say "promtool on config/prometheus"
  promtool check config config/prometheus/prometheus.yml
  promtool test rules config/prometheus/alerts_test.yml
}

run() {
  say "$*"
  "$@"
}

# Succeeds if the output of the tests shows one that reached each broker; those are named kafka_… and kafka_secured_….
kafka_was_tested() {
  local reached
  reached=$(grep -E '^test ([A-Za-z0-9_]+::)*kafka_[A-Za-z0-9_:]* \.\.\. ok' "$1") || return 1
  grep -q kafka_secured_ <<<"$reached" && grep -qv kafka_secured_ <<<"$reached"
}

run_tests() {
  local log=$ROOT/target/test.log
  run cargo test --profile "$PROFILE" --locked -- --include-ignored "$@" 2>&1 | tee "$log"
  [ $# -gt 0 ] || kafka_was_tested "$log" ||
    die "no test named kafka_… or none named kafka_secured_… ran. A run that did not reach real Kafka is no green run"
  say "$(grep -c '^test .* \.\.\. ok' "$log" || true) tests passed, with the Kafka broker at $KAFKA_BROKERS and a secured one"
}

main() {
  local command=all
  case ${1:-} in
    quick | kafka | secured-kafka | bench) command=$1; shift ;;
    -h | --help | help) usage; return ;;
  esac
  if [ "${1:-}" = -- ]; then
    shift
  elif [ $# -gt 0 ]; then
    usage >&2
    die "unknown command: $1"
  fi

  case $command in
    all)
      need_rust
      check_prometheus
      start_kafka plain secured
      run_tests "$@"
      ;;
    quick)
      need_rust
      run cargo test --profile "$PROFILE" --locked -- "$@"
      ;;
    kafka)
      [ -z "${KAFKA_BROKERS:-}" ] || die "KAFKA_BROKERS is set ($KAFKA_BROKERS): there is no broker to start"
      start_kafka plain
      say "to use it: export KAFKA_BROKERS=$KAFKA_BROKERS GIAOBAN__KAFKA__BROKERS=$KAFKA_BROKERS"
      say "Ctrl-C stops it"
      wait
      ;;
    secured-kafka)
      [ -z "${KAFKA_SECURED:-}" ] || die "KAFKA_SECURED is set ($KAFKA_SECURED): there is no broker to start"
      start_kafka secured
      say "users ${USERS[*]}, their passwords in $KAFKA_SECURED; to use it: export KAFKA_SECURED=$KAFKA_SECURED"
      say "Ctrl-C stops it"
      wait
      ;;
    bench)
      need_rust
      start_kafka plain
      local profile=$PROFILE
      [ "$profile" != release ] || profile=bench
      run cargo bench --profile "$profile" --locked --bench pipeline -- "$@"
      ;;
  esac
}

main "$@"
