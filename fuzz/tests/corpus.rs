//! Everything that the fuzzer found worth keeping passes its target.

use std::path::Path;

#[test]
fn the_corpus_of_every_target_passes() {
    for (name, target) in mneme_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(inputs.len() >= 10, "the corpus of {name} has {} inputs only", inputs.len());
        for input in inputs {
            target(&std::fs::read(&input).unwrap());
        }
    }
}
