//! The engine, built without std, asks nobody for memory.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the example `embed` in a folder of its own, with everything it needs.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-alloc");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--example", "embed", "--target-dir"])
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the example does not build");
    folder.join("release")
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn no_std_build_has_no_allocator_symbol() {
    let release = build();
    let mut libraries = Vec::new();
    for folder in ["deps", "examples"] {
        for entry in std::fs::read_dir(release.join(folder)).expect("a built folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let ours =
                ["libplimsoll_core", "libheapless", "liblibm", "libembed"].iter().any(|ours| name.starts_with(ours));
            if ours && path.extension().is_some_and(|extension| extension == "rlib") {
                libraries.push((name, std::fs::read(&path).expect("a library")));
            }
        }
    }
    assert!(libraries.len() >= 4, "only {} libraries were built", libraries.len());
    for (name, bytes) in &libraries {
        for symbol in ["__rust_alloc", "__rust_dealloc", "__rg_alloc", "__rdl_alloc", "malloc"] {
            assert!(!contains(bytes, symbol), "{name} knows {symbol}");
        }
    }
    let engine = libraries.iter().find(|(name, _)| name.starts_with("libembed")).expect("the example");
    assert!(contains(&engine.1, "6decide4sync"), "the engine is in it, and its symbols can be found");
}
