//! Bytes that are not as they were written: errors that name the object, the place and the remedy; never a panic.

use std::sync::Arc;

use mneme_block::manifest::{Committed, Error, Manifest, Manifests};
use mneme_bucket::fake::{Fake, Faults};
use proptest::prelude::*;

use crate::support::{HOUR, block, flush, manifests, samples_key, tenant, upload};

const FIRST: &str = "tenants/team-a/manifest/00000000000000000001";

async fn two_versions(fake: &Arc<Fake>) -> (Manifests, Manifest) {
    let manifests = manifests(fake, 1);
    let mut manifest = manifests.newest(&tenant()).await.unwrap();
    for cut in 0..2 {
        let block = block(manifests.fresh_id(5), 0, HOUR);
        let Committed::Committed(next) =
            manifests.commit(&manifest, &flush(1, cut, cut + 1, block), 5).await.unwrap()
        else {
            panic!("nobody else is here")
        };
        manifest = next;
    }
    (manifests, manifest)
}

#[tokio::test]
async fn a_broken_version_names_itself_its_byte_and_the_remedy() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, _) = two_versions(&fake).await;
    let whole = fake.peek(FIRST).unwrap();
    for (at, words) in [(0, "byte 0"), (12, "byte 12"), (40, "byte 12"), (whole.len() - 1, "byte 80")] {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 0x10;
        fake.poke(FIRST, bytes.into());
        let error = manifests.at(&tenant(), 1).await.unwrap_err().to_string();
        assert!(
            error.contains(FIRST) && error.contains(words) && error.contains("mneme manifest rollback"),
            "{at}: {error}"
        );
    }
    // Whole, but in another's place.
    let second = fake.peek("tenants/team-a/manifest/00000000000000000002").unwrap();
    fake.poke(FIRST, second);
    let error = manifests.at(&tenant(), 1).await.unwrap_err().to_string();
    assert!(error.contains("it says that it is version 2"), "{error}");
}

#[tokio::test]
async fn a_newer_format_asks_for_an_upgrade() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, _) = two_versions(&fake).await;
    let mut bytes = fake.peek(FIRST).unwrap().to_vec();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..76]);
    bytes[76..80].copy_from_slice(&crc.to_le_bytes());
    fake.poke(FIRST, bytes.into());
    let error = manifests.at(&tenant(), 1).await.unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { found: 2, .. }), "{error}");
    assert!(error.to_string().contains("upgrade"), "{error}");
}

#[tokio::test]
async fn verify_names_all_that_is_wrong() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, manifest) = two_versions(&fake).await;
    let blocks = manifest.all_blocks().await.unwrap();
    upload(manifests.bucket(), &tenant(), &blocks[0]).await;
    fake.remove(&samples_key(&tenant(), &blocks[0]));
    let orphan = block(manifests.fresh_id(6), 0, HOUR);
    upload(manifests.bucket(), &tenant(), &orphan).await;
    fake.poke("tenants/team-a/manifest/notes.txt", bytes::Bytes::new());
    let mut bytes = fake.peek(FIRST).unwrap().to_vec();
    bytes.pop();
    fake.poke(FIRST, bytes.into());
    let verified = manifests.verify(&tenant()).await.unwrap();
    assert_eq!((verified.versions, verified.blocks, verified.files, verified.orphans), (2, 2, 6, 1));
    let all: Vec<String> = verified.problems.iter().map(ToString::to_string).collect();
    let says = |words: &str| all.iter().filter(|problem| problem.contains(words)).count();
    assert_eq!(says("not the name of a version"), 1, "{all:?}");
    assert_eq!(says("is corrupt at byte"), 1, "{all:?}");
    assert_eq!(says("it is gone although"), 4, "{all:?}");
    assert_eq!(says("the manifest says"), 2, "the files' sizes are wrong: {all:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn foreign_and_altered_bytes_never_panic_and_never_pass(
        altered in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        len in prop::option::of(any::<prop::sample::Index>()),
        foreign in prop::option::weighted(0.2, prop::collection::vec(any::<u8>(), 0..200)),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fake = Arc::new(Fake::new(1, Faults::none()));
            let (manifests, _) = two_versions(&fake).await;
            let whole = fake.peek(FIRST).unwrap();
            let mut bytes = foreign.unwrap_or_else(|| whole.to_vec());
            for (at, byte) in altered {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            if let Some(len) = len {
                bytes.truncate(len.index(bytes.len() + 1));
            }
            let same = bytes == whole;
            fake.poke(FIRST, bytes.into());
            prop_assert_eq!(manifests.at(&tenant(), 1).await.is_ok(), same);
            Ok(())
        })?;
    }
}
