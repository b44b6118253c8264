//! The test that the image of `docker compose up` builds. The test does to the repository what the stages of consumer/Dockerfile do,
//! without Docker.
//!
//! Two mistakes would otherwise break the image unseen: a manifest that names a file that the stage with the manifests alone does not have,
//! and a file that the program is built from and that no `COPY` names. The packages and the last stage need a container engine, and so are
//! tested by `make test-compose`.
//!
//! The stages are compiled into a target folder of their own. Cargo tells members apart by their place in the workspace alone, so
//! the empty members of the stage with the manifests would otherwise replace the real members of this build.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const DOCKERFILE: &str = include_str!("../../consumer/Dockerfile");

/// A step of a stage.
enum Step {
    WorkDir(String),
    Copy { from: Option<String>, sources: Vec<String>, to: String },
    Run(String),
}

struct Stage {
    name: String,
    steps: Vec<Step>,
}

/// The stages with a name, in their order.
fn stages(dockerfile: &str) -> Vec<Stage> {
    let mut stages = Vec::new();
    for line in dockerfile.replace("\\\n", " ").lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        if word == "FROM" {
            let name = words.iter().skip_while(|word| **word != "AS").nth(1).map(ToString::to_string).unwrap_or_default();
            stages.push(Stage { name, steps: Vec::new() });
            continue;
        }
        let step = match (word, words.as_slice()) {
            ("WORKDIR", [folder]) => Step::WorkDir((*folder).to_owned()),
            ("COPY", [from, sources @ .., to]) if from.starts_with("--from=") => Step::Copy {
                from: Some(from.trim_start_matches("--from=").to_owned()),
                sources: sources.iter().map(ToString::to_string).collect(),
                to: (*to).to_owned(),
            },
            ("COPY", [sources @ .., to]) => {
                Step::Copy { from: None, sources: sources.iter().map(ToString::to_string).collect(), to: (*to).to_owned() }
            }
            ("RUN", _) => Step::Run(rest.to_owned()),
            _ => continue,
        };
        stages.last_mut().unwrap().steps.push(step);
    }
    stages.into_iter().filter(|stage| !stage.name.is_empty()).collect()
}

/// The place below `root` of a path in a stage's file system.
fn within(root: &Path, working: &str, path: &str) -> PathBuf {
    root.join(Path::new(working).join(path).strip_prefix("/").unwrap())
}

fn shell(script: &str, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut shell = stack::without_cargos_variables(Command::new("sh"));
    let ended = shell.args(["-euc", script]).current_dir(folder).env("CARGO_TARGET_DIR", target()).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "the image does not build: {script}\n{told}");
}

/// The target folder of this build: the dependencies are compiled there already.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

/// Gives the members in a copy of the repository a version of their own, in the manifest and in the lock file.
fn other_version(repository: &Path) {
    let manifest = repository.join("Cargo.toml");
    let (of_members, other) = (format!("version = \"{}\"", env!("CARGO_PKG_VERSION")), "version = \"0.0.0-stage\"");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replacen(&of_members, other, 1)).unwrap();
    let lock = repository.join("Cargo.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let packages = text.split("[[package]]").map(|package| {
        let is_member = !package.contains("source = ");
        if is_member { package.replacen(&of_members, other, 1) } else { package.to_owned() }
    });
    fs::write(&lock, packages.collect::<Vec<_>>().join("[[package]]")).unwrap();
}

/// The metadata of the workspace's own members, with the time at which each was compiled.
fn members() -> BTreeMap<PathBuf, SystemTime> {
    let deps = fs::read_dir(target().join("debug/deps")).unwrap().map(|entry| entry.unwrap());
    let names = ["libstack-", "liborderstream-", "liborderstream_"];
    let of_members = deps.filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".rmeta") && names.iter().any(|member| name.starts_with(member))
    });
    of_members.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap())).collect()
}

/// Copies the build context that Docker sends to the engine: the repository without what .dockerignore leaves out. Links stay links.
fn context(into: &Path) {
    let pack = "git ls-files -z --cached --others --exclude-standard | grep -zv '^\\.' | xargs -0 cp -P --parents -t";
    shell(&format!("{pack} '{}'", into.display()), stack::root());
    other_version(into);
}

fn run(stage: &Stage, context: &Path, all: &Path) {
    let root = all.join(&stage.name);
    let mut working = "/".to_owned();
    for step in &stage.steps {
        match step {
            Step::WorkDir(folder) => working.clone_from(folder),
            Step::Copy { from, sources, to } => {
                let to = within(&root, &working, to);
                fs::create_dir_all(&to).unwrap();
                for source in sources {
                    let source = from.as_ref().map_or_else(|| context.join(source), |from| within(&all.join(from), "/", source));
                    // Docker copies the content of a folder, not the folder itself.
                    let of_folder = if source.is_dir() { "/." } else { "" };
                    shell(&format!("cp -r '{}{of_folder}' '{}'", source.display(), to.display()), all);
                }
            }
            Step::Run(script) if script.contains("apt-get") => {}
            Step::Run(script) => {
                // All members are checked at once, because their dependencies are compiled for the whole workspace.
                let here =
                    script.replace("cargo build --release", "cargo check --quiet --offline").replace("-p orderstream", "--workspace");
                shell(
                    &here
                        .replace(" /manifests", &format!(" {}/manifests", root.display()))
                        .replace("\"/manifests", &format!("\"{}/manifests", root.display())),
                    &within(&root, &working, ""),
                );
            }
        }
    }
}

#[test]
fn the_stages_of_the_image_have_all_that_the_program_is_built_from() {
    let folder = tempfile::tempdir().unwrap();
    let (sent, all) = (folder.path().join("context"), folder.path().join("stages"));
    fs::create_dir_all(&sent).unwrap();
    fs::create_dir_all(&all).unwrap();
    let before = members();
    context(&sent);
    let stages = stages(DOCKERFILE);
    assert_eq!(stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(), ["manifests", "build"]);
    stages.iter().for_each(|stage| run(stage, &sent, &all));
    let after = members();
    // What the stages have compiled goes again: the next run would take it for members of its own build.
    after.keys().filter(|file| !before.contains_key(*file)).for_each(|file| fs::remove_file(file).unwrap());
    assert!(!before.is_empty());
    assert!(before.iter().all(|(file, at)| after.get(file) == Some(at)), "the stages replaced a member of this build");
}
