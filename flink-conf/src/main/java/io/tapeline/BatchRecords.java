package io.tapeline;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;

/**
 * Kafka records in, batches of many records out, each one value: what goes to Python goes at once.
 *
 * <p>A record is a row of payload BYTES, source INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3). A
 * batch is a row of one BYTES, little-endian: the number of records n (8 bytes), n timestamps in ms
 * (8 each), n offsets (8), n sources (4), n lengths of payloads (4; -1 is a record without one), and
 * the payloads, end to end. {@code udfs/batches.py} reads it.
 *
 * <p>It holds nothing over a checkpoint or the end of its input, so it has no state. A watermark
 * waits for the records that came before it.
 */
public final class BatchRecords extends AbstractStreamOperator<Row>
        implements OneInputStreamOperator<RowData, Row>, BoundedOneInput {

    private static final long serialVersionUID = 1L;
    private static final int BYTES_A_RECORD = 24;

    private final int batchBytes;
    private final long patienceMs;

    private transient int count;
    private transient int used;
    private transient long[] timestamps;
    private transient long[] offsets;
    private transient int[] sources;
    private transient int[] lengths;
    private transient byte[] payloads;
    private transient long deadline;
    private transient boolean timed;
    private transient Watermark held;

    /**
     * @param batchBytes a batch has no more bytes than that, but for one of a single larger record
     * @param patienceMs the longest time that a record waits, by the clock
     */
    public BatchRecords(int batchBytes, long patienceMs) {
        this.batchBytes = batchBytes;
        this.patienceMs = patienceMs;
    }

    @Override
    public void open() throws Exception {
        super.open();
        int records = batchBytes / BYTES_A_RECORD + 1;
        timestamps = new long[records];
        offsets = new long[records];
        sources = new int[records];
        lengths = new int[records];
        payloads = new byte[batchBytes];
    }

    @Override
    public void processElement(StreamRecord<RowData> element) throws Exception {
        RowData record = element.getValue();
        byte[] payload = record.isNullAt(0) ? null : record.getBinary(0);
        int length = payload == null ? 0 : payload.length;
        if ((long) used + length + (count + 1L) * BYTES_A_RECORD > batchBytes) {
            flush();
        }
        if (length > payloads.length - used) {
            payloads = Arrays.copyOf(payloads, used + length);
        }
        if (payload != null) {
            System.arraycopy(payload, 0, payloads, used, length);
        }
        used += length;
        lengths[count] = payload == null ? -1 : length;
        sources[count] = record.getInt(1);
        offsets[count] = record.getLong(2);
        timestamps[count] = record.getTimestamp(3, 3).getMillisecond();
        if (count++ == 0) {
            deadline = getProcessingTimeService().getCurrentProcessingTime() + patienceMs;
            if (!timed) {
                registerTimer();
            }
        }
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        if (count == 0) {
            super.processWatermark(mark);
        } else {
            held = mark;
        }
    }

    @Override
    public void processWatermarkStatus(WatermarkStatus status) throws Exception {
        flush();
        super.processWatermarkStatus(status);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        flush();
    }

    @Override
    public void endInput() throws Exception {
        flush();
    }

    private void registerTimer() {
        timed = true;
        getProcessingTimeService().registerTimer(deadline, this::onTimer);
    }

    private void onTimer(long now) throws Exception {
        timed = false;
        if (count > 0 && now < deadline) {
            registerTimer();
        } else {
            flush();
        }
    }

    private void flush() throws Exception {
        if (count == 0) {
            return;
        }
        byte[] batch = new byte[8 + count * BYTES_A_RECORD + used];
        ByteBuffer out = ByteBuffer.wrap(batch).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(count);
        out.asLongBuffer().put(timestamps, 0, count).put(offsets, 0, count);
        out.position(8 + 16 * count);
        out.asIntBuffer().put(sources, 0, count).put(lengths, 0, count);
        out.position(8 + BYTES_A_RECORD * count);
        out.put(payloads, 0, used);
        count = 0;
        used = 0;
        if (payloads.length > 2 * batchBytes) {
            payloads = new byte[batchBytes];
        }
        output.collect(new StreamRecord<>(Row.of((Object) batch)));
        if (held != null) {
            Watermark mark = held;
            held = null;
            super.processWatermark(mark);
        }
    }
}
