//! How far the values of a bucket are indexed, noted beneath a name that is no key.

use super::{Bucket, Write};
use crate::status::Result;

/// Below what it is noted.
const NOTES: &str = "indexed";

impl Bucket {
    /// Names what the bucket is found by: another name for other indexes, or where values of another version say it.
    pub(crate) fn places(&self) -> String {
        self.indexed_by().join(" ")
    }

    /// The place in the stream up to which every value has its entries; `None` before anybody has seen to it.
    pub(crate) async fn indexed_through(&self) -> Result<Option<u64>> {
        let note = self.beneath(NOTES).get(&self.places()).await?;
        let text = note.and_then(|record| String::from_utf8(record.value?.to_vec()).ok());
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Notes that place, unless somebody is further already.
    pub(crate) async fn note_indexed(&self, through: u64) -> Result<()> {
        if self.indexed_through().await? < Some(through) {
            let text = through.to_string();
            self.beneath(NOTES).write(Write::put(self.places(), text.into())).await?;
        }
        Ok(())
    }
}
