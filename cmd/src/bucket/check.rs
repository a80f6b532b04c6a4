//! `mneme bucket check`.

use anyhow::{Context, ensure};
use mneme_bucket::{AttemptIds, Bucket, Habits, Options, check};

use crate::stdout;

/// Races creates, then reads what the store tells of versions and expiry.
///
/// # Errors
/// A bucket that cannot be reached, is unfit, or deletes what Mneme needs.
pub(super) async fn run(url: &str, options: Options) -> anyhow::Result<()> {
    let attempts = AttemptIds::random();
    let bucket = Bucket::open(url, options).await?;
    check::check(&bucket, &attempts).await.context(url.to_owned())?;
    stdout::line("create-if-absent: one winner in each of 8 races of 16, read by all losers and listed");
    let habits = check::habits(&bucket, &attempts).await.context(url.to_owned())?;
    for line in versions(&habits) {
        stdout::line(&line);
    }
    let doomed: Vec<String> = habits
        .iter()
        .filter_map(|(place, habits)| Some(format!("{place} ({})", habits.expiry.as_ref()?)))
        .collect();
    ensure!(
        doomed.is_empty(),
        "{url}: a lifecycle rule deletes objects below {}: Mneme would lose data; remove it, or keep it off these prefixes",
        doomed.join(" and ")
    );
    stdout::line(&format!("{url} is fit"));
    Ok(())
}

fn versions(habits: &[(&'static str, Habits)]) -> Vec<String> {
    let told: Vec<bool> = habits.iter().filter_map(|(_, habits)| habits.versioned).collect();
    let versions = match told.as_slice() {
        [] => {
            "versions, soft delete, lifecycle rules: this store does not tell; look at its console (docs/buckets.md)"
        }
        told if told.contains(&true) => {
            "versions: the bucket keeps old versions, so that deleted objects go on costing; \
             add a rule that deletes noncurrent versions after a few days"
        }
        _ => "versions: none are kept",
    };
    let mut lines = vec![versions.to_owned()];
    if !told.is_empty() {
        lines.push(
            "lifecycle: a rule that expires objects at once shows in the store's answers (none did, unless told below); \
             rules by tag or size, and transitions to colder storage, do not show: look at the bucket's rules"
                .to_owned(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_and_directories_are_fit() {
        run("memory://", Options::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        run(&format!("file://{}/bucket", dir.path().display()), Options::default()).await.unwrap();
    }

    #[test]
    fn what_a_store_does_not_tell_is_said() {
        assert!(versions(&[("wal/", Habits::default())])[0].contains("does not tell"));
        let kept = Habits { versioned: Some(true), expiry: None };
        assert!(versions(&[("wal/", kept)])[0].contains("keeps old versions"));
        let not_kept = Habits { versioned: Some(false), expiry: None };
        assert!(versions(&[("wal/", not_kept)])[0].contains("none are kept"));
    }
}
