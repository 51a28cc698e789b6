#!/usr/bin/env bash
# Kafka's own tools, from Maven's jars; without --bootstrap-server they ask the local broker.
#   scripts/kafka.sh topics --list
#   scripts/kafka.sh console-consumer --topic candles --max-messages 5
#   scripts/kafka.sh console-producer --topic trades
#   scripts/kafka.sh consumer-groups --describe --group tapeline
#   scripts/kafka.sh configs --describe --topic trades
#   scripts/kafka.sh get-offsets --topic trades
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

tools=org.apache.kafka.tools
case ${1:-} in
  topics) main=$tools.TopicCommand ;;
  console-consumer) main=$tools.consumer.ConsoleConsumer ;;
  console-producer) main=$tools.ConsoleProducer ;;
  consumer-groups) main=$tools.consumer.group.ConsumerGroupCommand ;;
  get-offsets) main=$tools.GetOffsetShell ;;
  configs) main=kafka.admin.ConfigCommand ;;
  *) usage "${BASH_SOURCE[0]}"; exit 2 ;;
esac
shift
case " $* " in
  *" --bootstrap-server "*) ;;
  *) set -- --bootstrap-server "127.0.0.1:${TAPELINE_KAFKA_PORT:-9092}" "$@" ;;
esac
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx256m -XX:TieredStopAtLevel=1 -cp "flink-conf/jars/kafka/*" \
  "-Dlog4j2.configurationFile=flink-conf/log4j-kafka.properties" "$main" "$@"
