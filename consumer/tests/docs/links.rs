//! Checks where the relative links of the documentation lead.

use std::path::Path;

use crate::markdown::Document;

/// What is wrong with the links of a document.
pub(crate) fn broken(document: &Document, root: &Path) -> Vec<String> {
    let links = document.links().into_iter().filter(|link| !link.starts_with("http://") && !link.starts_with("https://"));
    links.filter_map(|link| Some(format!("{}: {link}: {}", document.path.display(), judge(document, &link, root).err()?))).collect()
}

fn judge(document: &Document, link: &str, root: &Path) -> Result<(), &'static str> {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let folder = document.path.parent().unwrap_or(root);
    let target = if file.is_empty() { document.path.clone() } else { folder.join(file) };
    let is_inside = || Some(target.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
    match is_inside() {
        None => return Err("no such file"),
        Some(false) => return Err("it leads out of the repository"),
        Some(true) => {}
    }
    match anchor {
        Some(_) if target.extension().is_none_or(|extension| extension != "md") => Err("only Markdown has headings"),
        Some(anchor) if !Document::read(&target).anchors().iter().any(|known| known == anchor) => Err("no such heading"),
        _ => Ok(()),
    }
}

#[test]
fn a_link_to_no_file_to_no_heading_or_out_of_the_repository_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repository");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(folder.path().join("outside.md"), "# Outside\n").unwrap();
    std::fs::write(root.join("there.md"), "# Here it is\n").unwrap();
    let of = |link: &str| broken(&Document::new(&root.join("a.md"), &format!("[x]({link})")), &root);
    for good in ["there.md", "there.md#here-it-is", "https://example.com/x"] {
        assert_eq!(of(good), Vec::<String>::new());
    }
    for (link, why) in
        [("gone.md", "no such file"), ("there.md#gone", "no such heading"), ("../outside.md", "it leads out of the repository")]
    {
        let found = of(link);
        assert!(matches!(&found[..], [only] if only.ends_with(&format!("{link}: {why}"))), "{found:?}");
    }
}
