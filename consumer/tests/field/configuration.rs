//! The configuration as people write it: files and variables given to the program itself.

use std::io::Write;
use std::process::{Command, Output};

/// What `orderstream config` makes of a YAML file and of variables.
fn config(yaml: &str, variables: &[(&str, &str)]) -> Output {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    file.write_all(yaml.as_bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
    command.args(["config", "--config"]).arg(file.path()).env_clear().envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn yaml_as_people_write_it_means_what_stands_there() {
    let output = config("breaker:\n  held: no\nkafka:\n  group_id: off\n", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("held = \"no\"") && text.contains("group_id = \"off\""), "{text}");
    let output = config("source:\n  epoch: 010\n", &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(text.contains("write 10, or 8 if octal is meant"), "{text}");
}

#[test]
fn a_password_that_must_be_encoded_and_a_parameter_that_nobody_knows_are_refused_and_explained() {
    let wrong = [
        ("DATABASE_URL", "postgres://orderstream:12/secret@localhost:15432/orders", "/ as %2F"),
        ("DATABASE_URL", "postgres://orderstream@localhost:15432/orders?sslmod=verify-full", "did you mean sslmode?"),
        ("DATABASE_URL", "postgres://orderstream@localhost:15432/orders?sslmode=verify_full", "verify-full"),
        ("REDIS_URL", "redis://:12#secret@localhost", "# as %23"),
        ("REDIS_URL", "redis://localhost?db=1", "known: protocol"),
        ("TRACES_ENDPOINT", "http://user:secret@localhost:4317", "no password"),
        ("ADMIN_LISTEN", "0.0.0.0:8081", "of this machine alone"),
    ];
    for (name, url, told) in wrong {
        let output = config("", &[(name, url)]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{url}: {text}");
        assert!(text.contains(name) && text.contains(told) && !text.contains("secret"), "{text}");
    }
}
