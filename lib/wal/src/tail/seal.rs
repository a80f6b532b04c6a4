//! Ending a writer's chain for good.

use mneme_bucket::{AttemptIds, Bucket, Known, Outcome};
use mneme_model::{Cut, TimestampMs, WriterId};

use super::writer_chain;
use crate::Error;
use crate::segment::{Header, Kind, encode_seal};

/// Creates a seal at `writer`'s first free number after `after`, unless it is sealed already. Returns the seal's number.
///
/// Always safe: a writer that meets it joins again and sends the refused batch under its new number. `cut` is the newest cut
/// known.
///
/// # Errors
/// The bucket's.
pub async fn seal(
    bucket: &Bucket,
    writer: WriterId,
    after: u64,
    cut: Cut,
    now: TimestampMs,
    attempts: &AttemptIds,
) -> Result<u64, Error> {
    let chain = writer_chain(bucket.clone(), writer);
    // Creating at a taken number would read whole objects back: skip ahead by name first.
    let mut seq = chain.newest(after).await?.unwrap_or(after).max(1);
    let mut known = None;
    loop {
        if let Some(found) = chain.read(seq).await? {
            if Header::decode(&found).is_ok_and(|header| header.kind == Kind::Seal) {
                return Ok(seq);
            }
            known = Some(Known::new(seq, &found));
            seq += 1;
        }
        let attempt = attempts.next();
        let header = Header { kind: Kind::Seal, writer, seq, cut, attempt, time: now, sections: Vec::new() };
        let won = chain.create(seq, &encode_seal(&header)).await? == Outcome::Won;
        match &known {
            // Truncated meanwhile: the seal may lie in the gap behind the newest object, where it seals nothing.
            Some(known) if won && !chain.is_there(known).await? => {
                seq = chain.newest(seq).await?.unwrap_or(seq);
            }
            _ if won => return Ok(seq),
            _ => {}
        }
    }
}
