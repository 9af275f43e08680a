#!/usr/bin/env bash
# The access rules (ACLs) that giaoban needs on Apache Kafka, and no more, made by Kafka's own kafka-acls.sh.
# A copy to change: see --help. Running it again changes nothing; --dry-run prints the commands instead.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: acls.sh --bootstrap-server HOST:PORT --command-config FILE ROLE… [OPTION…]

ROLE, any of them, with the principal as Kafka names it (User:worker; with client certificates User:CN=worker,…):
  --producer PRINCIPAL        giaoban publish, record, correct, withdraw; any other producer of events
  --worker PRINCIPAL          giaoban worker, replay
  --administrator PRINCIPAL   giaoban topics create

Options:
  --topic NAME                kafka.topic, by default giaoban.events
  --dead-letter-topic NAME    kafka.dead_letter_topic, by default giaoban.events.dlq
  --group NAME                kafka.group, by default giaoban
  --dry-run                   print the commands and run none

--command-config names the properties of a client that may make rules (security.protocol, sasl.mechanism, …).
kafka-acls.sh is looked for in $KAFKA_HOME/bin, else in PATH.
HELP
}

die() { printf 'acls.sh: %s\n' "$*" >&2; exit 2; }

server= config= producer= worker= administrator= dry_run=
topic=giaoban.events dead_letters=giaoban.events.dlq group=giaoban
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit ;;
    --dry-run) dry_run=1; shift; continue ;;
  esac
  [ $# -ge 2 ] || die "$1 wants a value, or is no option; see --help"
  case $1 in
    --bootstrap-server) server=$2 ;;
    --command-config) config=$2 ;;
    --producer) producer=$2 ;;
    --worker) worker=$2 ;;
    --administrator) administrator=$2 ;;
    --topic) topic=$2 ;;
    --dead-letter-topic) dead_letters=$2 ;;
    --group) group=$2 ;;
    *) die "unknown option $1; see --help" ;;
  esac
  shift 2
done
[ -n "$server" ] && [ -n "$config" ] || die "--bootstrap-server and --command-config are needed; see --help"
[ -n "$producer$worker$administrator" ] || die "nobody to give rules to: --producer, --worker or --administrator; see --help"
for principal in ${producer:+"$producer"} ${worker:+"$worker"} ${administrator:+"$administrator"}; do
  [[ $principal == *:* ]] || die "write the principal with its kind: User:$principal"
done

# allow WHY PRINCIPAL RULE…: adds one rule, and says what it is for.
allow() {
  local why=$1 principal=$2 tool=${KAFKA_HOME:+$KAFKA_HOME/bin/}kafka-acls.sh said
  shift 2
  printf '# %s: %s\n' "$principal" "$why"
  local command=("$tool" --bootstrap-server "$server" --command-config "$config" --add --allow-principal "$principal" "$@")
  if [ -n "$dry_run" ]; then
    printf '%q ' "${command[@]}"
    echo
  else
    said=$("${command[@]}" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
  fi
}

if [ -n "$producer" ]; then
  # Since Kafka 2.8 the idempotent producer needs no IdempotentWrite beside Write.
  allow "finds and writes the events; may not read them" "$producer" \
    --operation Describe --operation Write --topic "$topic"
fi
if [ -n "$worker" ]; then
  allow "finds and reads the events, and shares them out in its group; may not write them" "$worker" \
    --operation Describe --operation Read --topic "$topic" --group "$group"
  allow "writes what is not a valid event to the dead letters; may not read them" "$worker" \
    --operation Describe --operation Write --topic "$dead_letters"
fi
if [ -n "$administrator" ]; then
  allow "makes the two topics by these names; may not read or write them" "$administrator" \
    --operation Describe --operation Create --topic "$topic" --topic "$dead_letters"
fi
