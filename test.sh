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
readonly PROFILE=${TEST_PROFILE:-release}
cd "$ROOT"

usage() {
  cat <<'HELP'
Usage: ./test.sh [COMMAND] [-- ARGUMENT...]
       ./test.sh simulate [--seeds N | --seed S]

  (none)         everything: installs what is missing, starts two real Kafka brokers, one of
                 them secured, and a PostgreSQL server, checks the configuration of Prometheus and
                 Alertmanager, runs every test, and stops them
  quick          only the tests that need nothing but what the build needs
  simulate       only the seeded simulation: N schedules (10000 unless said; --seeds 2000000
                 for a night), or the one of seed S with every step told
  kafka          starts the plain broker alone, prints its address, and keeps it until Ctrl-C
  secured-kafka  the same with the broker that wants TLS, SCRAM and access rules
  postgres       starts the PostgreSQL server alone, prints its URL, and keeps it until Ctrl-C
  bench          starts the plain broker and PostgreSQL and measures the pipeline on them against a
                 bare consumer and a bare producer; PostgreSQL is as durable as by its defaults, which
                 it is not for tests (fsync=off)

Arguments after -- go to the tests as a filter (./test.sh -- kafka_) or to the benchmark
(./test.sh bench -- --records 300000 --pairs 1 --history 0; --help has all).

What it installs, each only if it is missing:
  target/kafka/lib   Apache Kafka from Maven Central (54 MB)
  target/tools       Prometheus, Alertmanager and PgBouncer, taken out of Debian's packages; no service is installed
  by apt-get, as root only: build-essential, pkg-config, libssl-dev, maven, default-jre-headless, openssl,
                     postgresql (its system service gets no cluster and is not started)

Environment:
  KAFKA_BROKERS          use this plain broker (host:port,…) and start none
  KAFKA_SECURED          use the secured broker that this folder describes (target/kafka/secured of
                         a ./test.sh secured-kafka) and start none
  POSTGRES_URL           use this PostgreSQL (postgres://superuser:password@127.0.0.1:port/database,
                         with TLS for localhost) and start none; POSTGRES_CA is the file with the
                         certificate of the authority that signed the server's
  TEST_PROFILE           Cargo profile to build with; release unless set, dev compiles faster
  SIMULATION_SEEDS       how many schedules of the simulation everything runs; 10000 unless set
  CI=true                a check that cannot be made is a failure, not a remark
HELP
}

say() { printf '==> %s\n' "$*"; }
die() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

# --- what must be there ---------------------------------------------------------------------

# need COMMAND PACKAGE WHY: installs PACKAGE by apt-get where COMMAND is missing.
need() {
  command -v "$1" >/dev/null || missing "$@"
}

# missing WHAT PACKAGE WHY: installs PACKAGE by apt-get, or says how.
missing() {
  may_install || die "$1 is missing ($3). Install it; on Debian or Ubuntu: sudo apt-get install $2"
  say "installing $2 by apt-get: $1 is missing ($3)"
  apt_lists
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

may_install() { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }

apt_lists() {
  [ -n "${apt_lists_are_fresh:-}" ] || apt-get update -qq
  apt_lists_are_fresh=1
}

need_rust() {
  command -v cargo >/dev/null || die "cargo is missing. Install Rust from https://rustup.rs, then run this again"
  need cc build-essential "compiles librdkafka, SQLite and zstd"
  need c++ build-essential "librdkafka's configuration asks for it"
  need make build-essential "compiles librdkafka"
  need pkg-config pkg-config "finds OpenSSL"
  [ -n "${OPENSSL_DIR:-}" ] || pkg-config --exists openssl || missing "OpenSSL's development files" libssl-dev "Kafka and PostgreSQL over TLS"
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
  trap stop_servers EXIT
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

# --- the PostgreSQL server ------------------------------------------------------------------

readonly POSTGRES=$ROOT/target/postgres
postgres_pid=
postgres_dir=

# Prints the folder of PostgreSQL's programs; Debian keeps them out of PATH.
postgres_bin() {
  local bin
  for bin in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    [ ! -x "$bin/initdb" ] || [ ! -x "$bin/postgres" ] || { echo "$bin"; return; }
  done
  return 1
}

need_postgres() {
  need openssl openssl "makes the certificate of the PostgreSQL server"
  postgres_bin >/dev/null && return
  # Without a cluster the package's service has nothing to start.
  local no_cluster=/etc/postgresql-common/createcluster.d/giaoban-tests.conf
  ! may_install || install -m 644 -D /dev/stdin "$no_cluster" <<<"create_main_cluster = false"
  missing "the PostgreSQL server" postgresql "the store of several workers"
  rm -f "$no_cluster"
}

# Runs a program as somebody who may run PostgreSQL: it refuses root.
as_postgres() {
  local user=nobody
  if [ "$(id -u)" != 0 ]; then
    "$@"
    return
  fi
  ! id postgres >/dev/null 2>&1 || user=postgres
  setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

stop_postgres() {
  [ -n "$postgres_dir" ] || return 0
  local pid=
  [ ! -e "$postgres_dir/data/postmaster.pid" ] || pid=$(head -n 1 "$postgres_dir/data/postmaster.pid")
  if [ -n "$pid" ] && grep -qsF "$postgres_dir" "/proc/$pid/cmdline"; then
    kill -INT "$pid" 2>/dev/null || true
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  [ -z "$postgres_pid" ] || wait "$postgres_pid" 2>/dev/null || true
  rm -rf "$postgres_dir" "$POSTGRES/dir"
  postgres_pid= postgres_dir=
}

# An authority, and a certificate for localhost that it signed.
make_certificates() {
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=giaoban tests" -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
    echo "subjectAltName=DNS:localhost" >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext -out server.pem
  } >certificates.log 2>&1
}

# start_postgres [durable]: for tests it may lose what it has if the machine stops, for measurements it may not.
start_postgres() {
  local speed=(-c fsync=off -c full_page_writes=off)
  [ "${1:-}" != durable ] || speed=()
  if [ -n "${POSTGRES_URL:-}" ]; then
    [ -n "${POSTGRES_CA:-}" ] || die "POSTGRES_URL is set, and POSTGRES_CA is not: the certificate of the authority that signed that server's"
    say "using the PostgreSQL server of POSTGRES_URL"
    return
  fi
  need_postgres
  local bin port password=tests-only
  bin=$(postgres_bin)
  mkdir -p "$POSTGRES"
  trap stop_servers EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # A run that was killed outright could not stop its server.
  if [ -e "$POSTGRES/dir" ]; then
    postgres_dir=$(<"$POSTGRES/dir")
    stop_postgres
  fi
  # Not below target: whoever runs the server may not be let in there.
  postgres_dir=$(mktemp -d "${TMPDIR:-/tmp}/giaoban-postgres.XXXXXX")
  echo "$postgres_dir" >"$POSTGRES/dir"
  chmod 755 "$postgres_dir"
  (cd "$postgres_dir" && make_certificates) || die "no certificate could be made; see $postgres_dir/certificates.log"
  mkdir "$postgres_dir/data"
  echo "$password" >"$postgres_dir/password"
  if [ "$(id -u)" = 0 ]; then
    chown "$(as_postgres id -u)" "$postgres_dir/data" "$postgres_dir/server.key"
  fi
  chmod 700 "$postgres_dir/data"
  chmod 600 "$postgres_dir/server.key"
  as_postgres "$bin/initdb" -D "$postgres_dir/data" -U postgres --pwfile="$postgres_dir/password" --auth=scram-sha-256 \
    -E UTF8 --locale=C.UTF-8 --no-sync >"$POSTGRES/initdb.log" 2>&1 ||
    die "PostgreSQL's data could not be made; $POSTGRES/initdb.log ends: $(tail -n 3 "$POSTGRES/initdb.log")"
  port=$(free_port 5433)
  (
    # As with the brokers: a server that outlives this script must not hold its locks.
    for lock in "${locks[@]}"; do exec {lock}>&-; done
    cd "$postgres_dir"
    as_postgres "$bin/postgres" -D "$postgres_dir/data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories= -c max_connections=200 "${speed[@]}" \
      -c ssl=on -c ssl_cert_file="$postgres_dir/server.pem" -c ssl_key_file="$postgres_dir/server.key"
  ) >"$POSTGRES/server.log" 2>&1 </dev/null &
  postgres_pid=$!
  for _ in {1..300}; do
    kill -0 "$postgres_pid" 2>/dev/null || break
    if grep -qs "ready to accept connections" "$POSTGRES/server.log"; then
      export POSTGRES_URL=postgres://postgres:$password@127.0.0.1:$port/postgres POSTGRES_CA=$postgres_dir/ca.pem
      say "PostgreSQL answers at 127.0.0.1:$port (log: target/postgres/server.log)"
      return
    fi
    sleep 0.1
  done
  tail -n 20 "$POSTGRES/server.log" >&2
  die "the PostgreSQL server did not answer within half a minute; the end of target/postgres/server.log is above"
}

stop_servers() {
  [ -z "${waiting:-}" ] || kill "$waiting" 2>/dev/null || true
  stop_kafka
  stop_postgres
}

# --- the checks -----------------------------------------------------------------------------

# Their programs alone: the whole packages would start services.
need_prometheus() {
  PATH=$TOOLS/usr/bin:$PATH
  prometheus_programs && return
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
  say "installing Prometheus and Alertmanager from Debian's packages of these names into target/tools"
  mkdir -p "$TOOLS"
  rm -f "$TOOLS"/prometheus*.deb
  [ "$(id -u)" != 0 ] || apt_lists
  (
    cd "$TOOLS"
    apt-get download -qq prometheus prometheus-alertmanager 2>/dev/null || exit 1
    for package in prometheus*.deb; do dpkg -x "$package" . || exit 1; done
    rm prometheus*.deb
  ) && prometheus_programs
}

prometheus_programs() {
  local program
  for program in prometheus promtool prometheus-alertmanager amtool; do command -v "$program" >/dev/null || return 1; done
}

# Tests that cannot be made here.
skipped=()

check_prometheus() {
  if ! need_prometheus; then
    [ "${CI:-}" != true ] || die "config/prometheus cannot be checked: Prometheus' or Alertmanager's programs are missing"
    say "not checked: config/prometheus, config/alertmanager and what docker-compose.yml starts (their programs are missing)"
    skipped+=(--skip kafka_compose_ --skip kafka_alerts_ --skip kafka_dashboards_)
    return
  fi
  say "promtool on config/prometheus, amtool on config/alertmanager"
  promtool check config config/prometheus/prometheus.yml
  promtool test rules config/prometheus/alerts_test.yml config/prometheus/alerts_days_test.yml
  amtool check-config config/alertmanager/alertmanager.yml
}

# Its program alone, and of the libraries that it needs those that are missing: the package would start a service.
need_pgbouncer() {
  local folder=$TOOLS/pgbouncer package
  PATH=$folder/bin:$PATH
  command -v pgbouncer >/dev/null && return
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  say "installing pgbouncer from Debian's package of that name into target/tools"
  rm -rf "${folder:?}"
  mkdir -p "$folder/bin"
  [ "$(id -u)" != 0 ] || apt_lists
  (
    cd "$folder"
    apt-get download -qq pgbouncer 2>/dev/null && dpkg-deb -x pgbouncer_*.deb . || exit 1
    for package in $(dpkg-deb -f pgbouncer_*.deb Depends | tr ',|' '\n\n' | sed -n 's/^ *\(lib[^ ]*\).*/\1/p'); do
      dpkg -s "$package" >/dev/null 2>&1 ||
        { apt-get download -qq "$package" 2>/dev/null && dpkg-deb -x "$package"_*.deb .; } || exit 1
    done
    rm -f ./*.deb
    printf '#!/bin/sh\nLD_LIBRARY_PATH=$(echo "%s"/usr/lib/*) exec "%s/usr/sbin/pgbouncer" "$@"\n' "$folder" "$folder" \
      >bin/pgbouncer
    chmod +x bin/pgbouncer
  ) && pgbouncer --version >/dev/null
}

check_pgbouncer() {
  need_pgbouncer && return
  [ "${CI:-}" != true ] || die "pgbouncer is missing: what a pooler does to the workers cannot be checked"
  say "not checked: workers behind a pooler (pgbouncer is missing)"
  skipped+=(--skip postgres_storm_behind_a_pooler)
}

run() {
  say "$*"
  "$@"
}

# Succeeds if the output of the tests shows one of that name: those that reached the broker begin with kafka_,
# those that reached PostgreSQL with postgres_.
was_tested() { grep -Eq "^test ([A-Za-z0-9_]+::)*$1[A-Za-z0-9_:]* \.\.\. ok" "$2"; }

# Tests that wait most of their time, for brokers to fail and alerts to rise: they run beside the others.
readonly WAITING=(kafka_alerts_ kafka_cluster_ kafka_dashboards_)
waiting=

run_tests() {
  local log=$ROOT/target/test.log beside=$ROOT/target/test-beside.log
  local -a tests=(cargo test --no-fail-fast --profile "$PROFILE" --locked) others=()
  local failed=
  export SIMULATION_SEEDS=${SIMULATION_SEEDS:-10000}
  if [ $# = 0 ]; then
    run "${tests[@]}" --no-run
    say "beside the others, their output after it: ${WAITING[*]}"
    "${tests[@]}" -- --include-ignored "${skipped[@]}" "${WAITING[@]}" >"$beside" 2>&1 &
    waiting=$!
    others=($(printf -- '--skip %s ' "${WAITING[@]}"))
  fi
  run "${tests[@]}" -- --include-ignored "${skipped[@]}" "${others[@]}" "$@" 2>&1 | tee "$log" || failed=1
  if [ -n "$waiting" ]; then
    wait "$waiting" || failed=1
    waiting=
    tee -a "$log" <"$beside"
  fi
  [ -z "$failed" ] || die "tests failed: $(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | tr '\n' ' ')"
  [ $# -gt 0 ] || { was_tested "kafka_[a-r]" "$log" && was_tested kafka_secured_ "$log"; } ||
    die "no test named kafka_… or none named kafka_secured_… ran. A run that did not reach real Kafka is no green run"
  [ $# -gt 0 ] || was_tested postgres_ "$log" ||
    die "no test named postgres_… ran. A run that did not reach real PostgreSQL is no green run"
  say "$(grep -c '^test .* \.\.\. ok' "$log" || true) tests passed, with the Kafka broker at $KAFKA_BROKERS, a secured one, and PostgreSQL"
}

run_simulation() {
  export SIMULATION_SEEDS=${SIMULATION_SEEDS:-10000}
  while [ $# -gt 0 ]; do
    case $1=${2:-} in
      --seeds=[0-9]*) export SIMULATION_SEEDS=$2 ;;
      --seed=[0-9]*) export SIMULATION_SEED=$2 ;;
      *) die "simulate takes --seeds N or --seed S with a number, not: $*" ;;
    esac
    shift 2
  done
  run cargo test --profile "$PROFILE" --locked --test simulation -- --nocapture whatever_goes_wrong
}

main() {
  local command=all
  case ${1:-} in
    quick | kafka | secured-kafka | postgres | bench) command=$1; shift ;;
    simulate) need_rust; shift; run_simulation "$@"; return ;;
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
      check_pgbouncer
      start_kafka plain secured
      start_postgres
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
    postgres)
      [ -z "${POSTGRES_URL:-}" ] || die "POSTGRES_URL is set: there is no server to start"
      start_postgres
      say "to use it: export POSTGRES_URL=$POSTGRES_URL POSTGRES_CA=$POSTGRES_CA GIAOBAN__STORE__URL=$POSTGRES_URL"
      say "Ctrl-C stops it"
      wait "$postgres_pid"
      ;;
    bench)
      need_rust
      start_kafka plain
      start_postgres durable
      local profile=$PROFILE
      [ "$profile" != release ] || profile=bench
      run cargo bench --profile "$profile" --locked --bench pipeline -- "$@"
      ;;
  esac
}

main "$@"
