// Which of two messages of the same window counts.

/** Whether `row` takes the place of `kept`: final beats forming, then the higher revision. */
export function supersedes(row, kept) {
  if (!kept) return true;
  if (row.final !== kept.final) return row.final;
  if (row.final && row.revision !== kept.revision) return row.revision > kept.revision;
  return row.updated_at >= kept.updated_at;
}
