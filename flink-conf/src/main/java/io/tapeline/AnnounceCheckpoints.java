package io.tapeline;

import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/**
 * Keyed rows (key INT, value BYTES) as they come and, right before each checkpoint, one without any
 * bytes for each key of the subtask.
 *
 * <p>A Python function is never told of a checkpoint, so it had to write its state down after every
 * element. This operator stands before it in the same chain, where Flink does tell it, and where what
 * it sends arrives before the state is taken, and after all that came before. It does so after the end
 * of the input too: the state of then counts where other subtasks have not ended.
 */
public final class AnnounceCheckpoints extends AbstractStreamOperator<Row>
        implements OneInputStreamOperator<Row, Row> {

    private static final long serialVersionUID = 1L;
    private static final byte[] NOTHING = {};

    private final int[] keys;

    /** @param keys all that there are; those that no row came of are announced too */
    public AnnounceCheckpoints(int[] keys) {
        this.keys = keys;
    }

    @Override
    public void processElement(StreamRecord<Row> element) {
        output.collect(element);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        TaskInfo task = getRuntimeContext().getTaskInfo();
        for (int key : keys) {
            int subtask = KeyGroupRangeAssignment.assignKeyToParallelOperator(
                    Row.of(key),
                    task.getMaxNumberOfParallelSubtasks(),
                    task.getNumberOfParallelSubtasks());
            if (subtask == task.getIndexOfThisSubtask()) {
                output.collect(new StreamRecord<>(Row.of(key, NOTHING)));
            }
        }
    }
}
