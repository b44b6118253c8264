//! The built page: it is of the present source, and the program serves each of its files. No Node is needed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::watched;

fn dashboard() -> PathBuf {
    stack::root().join("dashboard")
}

/// The files that the page is built from, as paths with `/` within `dashboard`. The rule stands in `dashboard/build/source.mjs`.
fn sources() -> Vec<String> {
    let single = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
    let mut all: Vec<String> = single.map(str::to_owned).into();
    for folder in ["build", "src"] {
        add(&dashboard().join(folder), folder, &mut all);
    }
    all.retain(|path| !path.ends_with(".test.ts") && !path.ends_with(".test.tsx"));
    all.sort();
    all
}

fn add(folder: &Path, name: &str, all: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() { add(&entry.path(), &path, all) } else { all.push(path) }
    }
}

#[test]
fn the_page_in_git_is_built_from_the_source_in_git() {
    let mut sum = Context::new(&SHA256);
    for path in sources() {
        let bytes = fs::read(dashboard().join(&path)).unwrap();
        for part in [path.as_bytes(), &[0], &bytes, &[0]] {
            sum.update(part);
        }
    }
    let mut expected = String::new();
    sum.finish().as_ref().iter().for_each(|byte| write!(expected, "{byte:02x}").unwrap());
    let built = fs::read_to_string(dashboard().join("dist/SOURCE")).unwrap();
    assert_eq!(built, format!("{expected}\n"), "run `npm ci --ignore-scripts` and `npm run build` in dashboard, and commit dashboard/dist");
}

/// The files that the page names.
fn named() -> Vec<String> {
    let page = fs::read_to_string(dashboard().join("dist/index.html")).unwrap();
    page.split("\"./").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn weight(ending: &str) -> usize {
    let files = fs::read_dir(dashboard().join("dist/assets")).unwrap().map(|entry| entry.unwrap());
    let of_kind = files.filter(|file| file.file_name().to_str().unwrap().ends_with(ending));
    of_kind.map(|file| usize::try_from(file.metadata().unwrap().len()).unwrap()).sum()
}

#[test]
fn all_scripts_have_at_most_80_kb_packed_and_all_styles_10() {
    let (scripts, styles) = (weight(".js.gz"), weight(".css.gz"));
    assert!((1..=80_000).contains(&scripts), "{scripts} bytes of scripts");
    assert!((1..=10_000).contains(&styles), "{styles} bytes of styles");
}

#[test]
fn the_program_serves_the_page_and_each_file_that_the_page_names_packed_and_not() {
    let shop = watched::open();
    let named = named();
    assert!(named.iter().any(|path| path.ends_with(".js")) && named.iter().any(|path| path.ends_with(".css")), "{named:?}");
    for path in named.iter().map(String::as_str).chain([""]) {
        let file = dashboard().join("dist").join(if path.is_empty() { "index.html" } else { path });
        let url = format!("{}/{path}", watched::url(shop.process(0)));
        for (coding, ending) in [("identity", ""), ("gzip", ".gz"), ("br", ".br")] {
            let expected = fs::read(format!("{}{ending}", file.display())).unwrap();
            let (found, bytes) = get(&url, coding);
            let wanted = (coding != "identity").then(|| coding.to_owned());
            assert_eq!((found, bytes == expected), (wanted, true), "{url} as {coding}: the program has another {path}; build it anew");
        }
    }
}

/// The coding of an answer, and its bytes as they are sent.
fn get(url: &str, coding: &str) -> (Option<String>, Vec<u8>) {
    let mut answer = ureq::get(url).header("accept-encoding", coding).call().unwrap();
    let found = answer.headers().get("content-encoding").map(|coding| coding.to_str().unwrap().to_owned());
    (found, answer.body_mut().read_to_vec().unwrap())
}
