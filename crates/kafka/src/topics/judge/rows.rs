//! Judges the topics of tables, which may be compacted: what a compacted topic cannot give to whoever reads it (P12).

use super::{Grade, Judgements, Settings, time};

impl Judgements {
    /// Judges whether the topic keeps the changes of its tables' rows until they are read.
    pub(super) fn rows_of_tables_kept(&mut self, settings: &Settings<'_>, of: &str, topic: &str) {
        if settings.is_compacted(topic) {
            let kept = time(settings.deletes_kept_for(topic));
            let refuses = "a truncate, and a change of a table without a key, has no key, which the broker refuses ('Compacted topic cannot accept message \
                           without key'), so that the connector fails";
            let forgets = format!(
                "a delete is forgotten {kept} after it was compacted (delete.retention.ms), and a row stays that was not read by then"
            );
            let leaves_out = "a value that an update leaves out (a long one, without replica identity full) may be in no event any more";
            let mend = "set its cleanup.policy to delete to have none of it";
            self.add(Grade::Concern, format!("{of}: topic {topic} is compacted: {refuses}; {forgets}; {leaves_out}; {mend}"));
        }
        self.kept_until_read(settings, of, topic);
    }
}
