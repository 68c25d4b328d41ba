//! The committed corpus is what the seeds give, and holds, as it is and mutated.
//!
//! `UPDATE_CORPUS=1 cargo test -p plimsoll-fuzz --test corpus` writes the seeds; inputs that a fuzzer left are replayed too.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_fuzz::seeds::{self, Noise, Seed};

/// A target: its name, its seeds, its body.
type Target = (&'static str, Vec<Seed>, fn(&[u8]));

fn targets() -> [Target; 5] {
    [
        ("snapshot", seeds::snapshot(), plimsoll_fuzz::snapshot),
        ("sync", seeds::sync(), plimsoll_fuzz::sync),
        ("histories", seeds::histories(), plimsoll_fuzz::histories),
        ("policies", seeds::policies(), plimsoll_fuzz::policies),
        ("windows", seeds::windows(), plimsoll_fuzz::windows),
    ]
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// All inputs of a target, in the order of their names.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).expect("a corpus");
    let mut paths = entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("an input"))).collect()
}

#[test]
fn the_committed_seeds_are_what_the_code_gives() {
    for (target, seeds, _) in targets() {
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            fs::create_dir_all(folder(target)).expect("a folder");
            for (name, bytes) in &seeds {
                fs::write(folder(target).join(name), bytes).expect("a file");
            }
        }
        for (name, bytes) in seeds {
            let committed = fs::read(folder(target).join(&name)).unwrap_or_default();
            assert_eq!(committed, bytes, "{target}/{name}: UPDATE_CORPUS=1 writes it anew");
        }
    }
}

#[test]
fn the_corpus_and_its_mutations_hold() {
    for (target, _, body) in targets() {
        let inputs = inputs(target);
        assert!(inputs.len() >= 8, "{target} has only {} inputs", inputs.len());
        for (path, bytes) in &inputs {
            let tried = std::panic::catch_unwind(|| body(bytes));
            assert!(tried.is_ok(), "{} breaks a law, see above", path.display());
        }
        let mut noise = Noise(7);
        for round in 0..4000 {
            let mut bytes = inputs[noise.below(inputs.len())].1.clone();
            let other = &inputs[noise.below(inputs.len())].1;
            mutate(&mut bytes, other, &mut noise);
            let tried = std::panic::catch_unwind(|| body(&bytes));
            assert!(tried.is_ok(), "{target}, mutation {round} breaks a law: {bytes:?}");
        }
    }
}

/// One to four changes: a bit, a byte, an extreme of one byte or eight, a cut, a piece of another input.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], noise: &mut Noise) {
    for _ in 0..=noise.below(4) {
        if bytes.is_empty() {
            bytes.extend(noise.bytes(16));
        }
        let at = noise.below(bytes.len());
        match noise.below(7) {
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at] = noise.bits() as u8,
            2 => bytes[at] = 250 + noise.below(6) as u8,
            3 => bytes.truncate(at),
            4 => bytes.insert(at, noise.bits() as u8),
            // Also as a float that is no number.
            5 => bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte = 0xff),
            _ => {
                let from = noise.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
        }
    }
}

/// Else the corpus of `snapshot` would never come further than the frame.
#[test]
fn the_snapshots_among_the_seeds_do_restore() {
    let saved = seeds::snapshot().into_iter().filter(|(name, _)| name.starts_with("saved"));
    let restored = saved.map(|(_, bytes)| plimsoll_core::hpa::History::<24, 24>::restore(&bytes).is_ok());
    assert_eq!(restored.collect::<Vec<_>>(), [true; 4]);
}
