package io.tapeline;

import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.flink.types.Row;

/** A message, a row of key BYTES, message BYTES, topic STRING, as the record that a producer sends. */
public final class MessageRecords implements KafkaRecordSerializationSchema<Row> {

    private static final long serialVersionUID = 1L;

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            Row message, KafkaSinkContext context, Long timestamp) {
        // When it is sent is when it is, as far as Kafka goes: event time is what the message tells.
        return new ProducerRecord<>(
                (String) message.getField(2),
                (byte[]) message.getField(0),
                (byte[]) message.getField(1));
    }
}
