package io.tapeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/**
 * Many messages in one value in, each of them a row of key BYTES, message BYTES, topic STRING out.
 *
 * <p>A value is the only field of a row. It begins with MARK, or else it is no messages and goes no
 * further. It may be the address of one in a {@link Ring}, or announce that. Else, little-endian, there
 * is for each topic: the bytes of its name, the number of keys k, and the number of messages n (4 bytes
 * each); k lengths of keys, n lengths of messages, and n times which key a message has (4 bytes each);
 * the name, the keys and the messages, each end to end. {@code udfs/messages.py} writes it.
 */
public final class PartMessages extends AbstractStreamOperator<Row>
        implements OneInputStreamOperator<Row, Row> {

    private static final long serialVersionUID = 1L;
    private static final byte MARK = 'M';
    private static final byte VALUE = 'V';
    private static final byte ANNOUNCEMENT = 'R';
    private static final byte ADDRESS = 'A';

    private transient Ring ring;

    @Override
    public void processElement(StreamRecord<Row> element) {
        byte[] bytes = (byte[]) element.getValue().getField(0);
        ByteBuffer value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (value.get() != MARK) {
            return;
        }
        switch (value.get()) {
            case ANNOUNCEMENT -> open(new String(next(value, value.remaining()), UTF_8));
            case ADDRESS -> {
                if (ring == null) {
                    throw new IllegalStateException("an address of messages without their memory: it"
                            + " came from a checkpoint, where no chain of operators may be broken up");
                }
                long start = value.getLong();
                long length = value.getLong();
                partAll(ring.value(start, length).position(2), element.replace(null));
                ring.free(start + length);
            }
            case VALUE -> partAll(value, element.replace(null));
            default -> throw new IllegalStateException("no messages: " + bytes[1]);
        }
    }

    private void open(String path) {
        try {
            ring = new Ring(Path.of(path));
        } catch (IOException e) {
            LOG.warn("Messages come from Python through a socket, which is slower: no memory to "
                    + "share ({})", e.toString());
        }
    }

    private void partAll(ByteBuffer value, StreamRecord<Row> made) {
        while (value.hasRemaining()) {
            partOne(value, made);
        }
    }

    private void partOne(ByteBuffer value, StreamRecord<Row> made) {
        int nameBytes = value.getInt();
        byte[][] keys = new byte[value.getInt()][];
        int count = value.getInt();
        int keyLengths = value.position();
        int lengths = keyLengths + Integer.BYTES * keys.length;
        int places = lengths + Integer.BYTES * count;
        value.position(places + Integer.BYTES * count);
        String topic = new String(next(value, nameBytes), UTF_8);
        for (int k = 0; k < keys.length; k++) {
            keys[k] = next(value, value.getInt(keyLengths + Integer.BYTES * k));
        }
        for (int n = 0; n < count; n++) {
            byte[] message = next(value, value.getInt(lengths + Integer.BYTES * n));
            byte[] key = keys[value.getInt(places + Integer.BYTES * n)];
            output.collect(made.replace(Row.of(key, message, topic)));
        }
    }

    private static byte[] next(ByteBuffer value, int length) {
        byte[] found = new byte[length];
        value.get(found);
        return found;
    }
}
