//! The committed header is what the types say. `UPDATE_HEADER=1 cargo test -p plimsoll-ffi --test header` rewrites it.

use std::path::Path;

#[test]
fn the_committed_header_is_made_from_the_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("a configuration");
    config.after_includes = Some(format!("\n#define PLIMSOLL_VERSION \"{}\"", env!("CARGO_PKG_VERSION")));
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/abi.rs"))
        .with_src(root.join("src/boundary.rs"))
        .generate()
        .expect("the sources parse")
        .write(&mut bytes);
    let made = String::from_utf8(bytes).expect("text");
    let path = root.join("include/plimsoll.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("a writable header");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, made, "run with UPDATE_HEADER=1 and look at what changed");
}
