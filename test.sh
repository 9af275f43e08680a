#!/usr/bin/env bash
# Installs what the tests need and is missing, and runs every test: ./test.sh --help
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ROOT
readonly KAFKA=$ROOT/target/kafka
readonly TOOLS=$ROOT/target/tools
readonly JAVA=(java -Xmx512m -XX:-UsePerfData -Djava.awt.headless=true -cp "$KAFKA/lib/*")
readonly PROFILE=${GIAOBAN_TEST_PROFILE:-release}
cd "$ROOT"

usage() {
  cat <<'HELP'
Usage: ./test.sh [COMMAND] [-- ARGUMENT...]
       ./test.sh simulate [--seeds N | --seed S]

  (none)    everything: installs what is missing, starts a real Kafka broker and a PostgreSQL
            server, checks the Prometheus configuration, runs every test, and stops both
  quick     only the tests that need nothing but Rust and a C compiler
  simulate  only the seeded simulation: N schedules (10000 unless said; --seeds 2000000 for
            a night), or the one of seed S with every step told
  kafka     starts the broker alone, prints its address, and keeps it until Ctrl-C
  postgres  starts the PostgreSQL server alone, prints its URL, and keeps it until Ctrl-C
  bench     starts the broker and measures the pipeline on it against a bare consumer

Arguments after -- go to the tests as a filter (./test.sh -- kafka_) or to the benchmark
(./test.sh bench -- --records 300000 --pairs 1).

What it installs, each only if it is missing:
  target/kafka/lib   Apache Kafka from Maven Central (54 MB)
  target/tools       promtool, taken out of Debian's package prometheus; no service is installed
  by apt-get, as root only: build-essential, perl, maven, default-jre-headless, openssl,
                     postgresql (its system service gets no cluster and is not started)

Environment:
  KAFKA_BROKERS          use this broker (host:port,…) and start none
  POSTGRES_URL           use this PostgreSQL (postgres://superuser:password@127.0.0.1:port/database,
                         with TLS for localhost) and start none; POSTGRES_CA is the file with the
                         certificate of the authority that signed the server's
  GIAOBAN_TEST_PROFILE   Cargo profile to build with; release unless set, dev compiles faster
  GIAOBAN_SEEDS          how many schedules of the simulation everything runs; 10000 unless set
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

# --- the broker -----------------------------------------------------------------------------

kafka_pid=

stop_kafka() {
  [ -n "$kafka_pid" ] || return 0
  kill "$kafka_pid" 2>/dev/null || true
  for _ in {1..100}; do
    kill -0 "$kafka_pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$kafka_pid" 2>/dev/null || true
  wait "$kafka_pid" 2>/dev/null || true
  kafka_pid=
  rm -f "$KAFKA/pid"
}

# A run that was killed outright could not stop its broker: the next one does, if that process is still it.
stop_stale_kafka() {
  local pid
  [ -e "$KAFKA/pid" ] || return 0
  pid=$(<"$KAFKA/pid")
  if grep -qsF "$KAFKA/server.properties" "/proc/$pid/cmdline"; then
    say "stopping the broker that an earlier run left behind (process $pid)"
    kafka_pid=$pid
    stop_kafka
  fi
  rm -f "$KAFKA/pid"
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
kafka_answers() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf '\0\0\0\016\0\003\0\001\0\0\0\1\377\377\0\0\0\0' >&3
  answer=$(timeout 2 head -c 12 <&3 | od -An -v -tx1 -j4 | tr -d ' \n') || true
  exec 3>&-
  [ "$answer" = 0000000100000001 ]
}

# Starts one node on fresh data and waits until it answers. Fails if it ended before (a port was taken meanwhile).
try_kafka() {
  local port controller
  port=$(free_port 9092)
  controller=$(free_port $((port + 1)))
  rm -rf "$KAFKA/data"
  {
    cat tests/kafka/server.properties
    echo "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
    echo "controller.quorum.bootstrap.servers=127.0.0.1:$controller"
    echo "log.dirs=$KAFKA/data"
  } >"$KAFKA/server.properties"
  "${JAVA[@]}" kafka.tools.StorageTool format --standalone --cluster-id giaoban-tests-broker-A \
    --config "$KAFKA/server.properties" >"$KAFKA/format.log" 2>&1 ||
    die "Kafka's storage could not be formatted; $KAFKA/format.log ends: $(tail -n 3 "$KAFKA/format.log")"
  "${JAVA[@]}" kafka.Kafka "$KAFKA/server.properties" >"$KAFKA/broker.log" 2>&1 9>&- </dev/null &
  kafka_pid=$!
  echo "$kafka_pid" >"$KAFKA/pid"
  for _ in {1..600}; do
    kill -0 "$kafka_pid" 2>/dev/null || return 1
    if kafka_answers "$port" 2>/dev/null; then
      export KAFKA_BROKERS=127.0.0.1:$port
      return
    fi
    sleep 0.1
  done
  die "the broker did not answer within a minute; see $KAFKA/broker.log"
}

start_kafka() {
  if [ -n "${KAFKA_BROKERS:-}" ]; then
    say "using the Kafka broker at $KAFKA_BROKERS (KAFKA_BROKERS is set)"
    return
  fi
  need_kafka
  mkdir -p "$KAFKA"
  exec 9>"$KAFKA/lock"
  flock -n 9 || die "another ./test.sh has its broker running in this directory. Wait for it, or set KAFKA_BROKERS to use that one"
  trap stop_servers EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  stop_stale_kafka
  for _ in 1 2 3; do
    if try_kafka; then
      say "Kafka answers at $KAFKA_BROKERS (log: target/kafka/broker.log)"
      return
    fi
  done
  tail -n 20 "$KAFKA/broker.log" >&2
  die "the broker ended before it answered; the end of target/kafka/broker.log is above"
}

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
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    die "PostgreSQL's server is missing (the store of several workers). Install it; on Debian or Ubuntu: sudo apt-get install postgresql"
  fi
  say "installing postgresql by apt-get: the PostgreSQL server is missing (the store of several workers)"
  apt_lists
  # Without a cluster the package's service has nothing to start.
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/giaoban-tests.conf
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
  rm -f /etc/postgresql-common/createcluster.d/giaoban-tests.conf
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

start_postgres() {
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
    cd "$postgres_dir"
    as_postgres "$bin/postgres" -D "$postgres_dir/data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories= -c max_connections=200 -c fsync=off -c full_page_writes=off \
      -c ssl=on -c ssl_cert_file="$postgres_dir/server.pem" -c ssl_key_file="$postgres_dir/server.key"
  ) >"$POSTGRES/server.log" 2>&1 9>&- </dev/null &
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
  stop_kafka
  stop_postgres
}

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

# Succeeds if the output of the tests shows one of that name: those that reached the broker begin with kafka_,
# those that reached PostgreSQL with postgres_.
was_tested() { grep -Eq "^test ([A-Za-z0-9_]+::)*$1[A-Za-z0-9_:]* \.\.\. ok" "$2"; }

# That the simulation fails with any guard of the worker taken out. Comes before the tests proper,
# so that what it builds is not what stays in target/.
run_bites() {
  run cargo test --profile "$PROFILE" --locked --features bite --test simulation -- --show-output bite::
}

run_tests() {
  local log=$ROOT/target/test.log
  export GIAOBAN_SEEDS=${GIAOBAN_SEEDS:-10000}
  { [ $# -gt 0 ] || run_bites; } 2>&1 | tee "$log"
  run cargo test --profile "$PROFILE" --locked -- --include-ignored "$@" 2>&1 | tee -a "$log"
  [ $# -gt 0 ] || was_tested kafka_ "$log" ||
    die "no test named kafka_… ran. A run that did not reach real Kafka is no green run"
  [ $# -gt 0 ] || was_tested postgres_ "$log" ||
    die "no test named postgres_… ran. A run that did not reach real PostgreSQL is no green run"
  say "$(grep -c '^test .* \.\.\. ok' "$log" || true) tests passed, with the Kafka broker at $KAFKA_BROKERS and PostgreSQL"
}

run_simulation() {
  export GIAOBAN_SEEDS=${GIAOBAN_SEEDS:-10000}
  while [ $# -gt 0 ]; do
    case $1=${2:-} in
      --seeds=[0-9]*) export GIAOBAN_SEEDS=$2 ;;
      --seed=[0-9]*) export GIAOBAN_SEED=$2 ;;
      *) die "simulate takes --seeds N or --seed S with a number, not: $*" ;;
    esac
    shift 2
  done
  run cargo test --profile "$PROFILE" --locked --test simulation -- --nocapture whatever_goes_wrong
}

main() {
  local command=all
  case ${1:-} in
    quick | kafka | postgres | bench) command=$1; shift ;;
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
      start_kafka
      start_postgres
      run_tests "$@"
      ;;
    quick)
      need_rust
      run cargo test --profile "$PROFILE" --locked -- "$@"
      ;;
    kafka)
      [ -z "${KAFKA_BROKERS:-}" ] || die "KAFKA_BROKERS is set ($KAFKA_BROKERS): there is no broker to start"
      start_kafka
      say "to use it: export KAFKA_BROKERS=$KAFKA_BROKERS GIAOBAN__KAFKA__BROKERS=$KAFKA_BROKERS"
      say "Ctrl-C stops it"
      wait "$kafka_pid"
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
      start_kafka
      local profile=$PROFILE
      [ "$profile" != release ] || profile=bench
      run cargo bench --profile "$profile" --locked --bench pipeline -- "$@"
      ;;
  esac
}

main "$@"
