//! The committed header is what the types say. `make header` in this folder (or `UPDATE_HEADER=1 cargo test -p
//! plimsoll-ffi --test header`) rewrites it, and the list of functions.

use std::path::{Path, PathBuf};

fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a committed file, or writes it when asked to.
fn committed(file: &str, made: &str) {
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(path(file), made).expect("a writable file");
    }
    let found = std::fs::read_to_string(path(file)).unwrap_or_default();
    assert_eq!(found, made, "{file}: run `make header` and look at what changed");
}

#[test]
fn the_committed_header_is_made_from_the_types() {
    let mut config = cbindgen::Config::from_file(path("cbindgen.toml")).expect("a configuration");
    config.after_includes = Some(format!("\n#define PLIMSOLL_VERSION \"{}\"", env!("CARGO_PKG_VERSION")));
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(path("src/abi.rs"))
        .with_src(path("src/boundary.rs"))
        .generate()
        .expect("the sources parse")
        .write(&mut bytes);
    let made = String::from_utf8(bytes).expect("text");
    committed("include/plimsoll.h", &made);

    // What is declared is what is exported; tests/c.rs reads the symbols of the library.
    let mut functions = made
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '/', '}']))
        .filter_map(|line| line.split_once('('))
        .filter_map(|(head, _)| head.rsplit([' ', '*']).next())
        .collect::<Vec<_>>();
    functions.sort_unstable();
    committed("tests/symbols.txt", &(functions.join("\n") + "\n"));
}
