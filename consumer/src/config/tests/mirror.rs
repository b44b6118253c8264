//! Tests of what the mirror is told: settings of other sinks, wrong lists, wrong words.

use super::*;

#[test]
fn a_setting_of_the_jdbc_sink_is_answered_with_what_is_here() {
    let source_url = "is known from the JDBC sink; here: `mirror.source_url`, and without it `mirror.types=schema`";
    for (extension, text) in [
        ("toml", "[mirror.auto]\ncreate = true"),
        ("toml", "[mirror]\n\"auto.create\" = true"),
        ("toml", "[mirror]\nauto_create = true"),
        ("toml", "auto.create = true"),
        ("toml", "\"auto.create\" = true"),
        ("yaml", "mirror:\n  auto.create: true\n"),
        ("yaml", "auto:\n  create: true\n"),
    ] {
        let problems = problems_of(extension, text);
        assert!(problems.starts_with("1 error") && problems.contains(source_url) && problems.contains("auto"), "{text}: {problems}");
    }
    for variable in ["MIRROR_AUTO_CREATE", "AUTO_CREATE"] {
        let problems = from_environment(&[(variable, "true")]).unwrap_err().to_string();
        assert!(problems.contains(&format!("{variable}: {source_url}")), "{problems}");
    }
    let whole = "[mirror]\ntopics.regex = 'cdc'\nname = 'sink'\n[kafka.properties]\nmax.poll.interval.ms = 1\n[errors.deadletterqueue]\ntopic.name = 'x'\n";
    let problems = problems_of("toml", whole);
    assert!(problems.contains("mirror.topics.regex in") && problems.contains("here: `mirror.topics`"), "{problems}");
    assert!(problems.contains("errors.deadletterqueue.topic.name in") && problems.contains("mirror.dead_letter_topic"), "{problems}");
    assert!(!problems.contains("max.poll.interval.ms"), "{problems}");
}

#[test]
fn a_setting_of_the_jdbc_sink_that_other_programs_have_too_is_only_told() {
    let loaded = from_environment(&[("BATCH_SIZE", "500"), ("NAME", "host"), ("CONNECTION_URL", "x")]).unwrap();
    assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].contains("BATCH_SIZE has no effect") && loaded.warnings[0].contains("`batch.max_records`"));
    assert!(from_environment(&[("MIRROR_BATCH_SIZE", "500")]).is_err());
}

#[test]
fn the_table_of_the_jdbc_sink_in_the_docs_is_the_programs_own() {
    let text = include_str!("../../../../docs/mirror.md");
    let (_, rest) = text.split_once("| JDBC sink | here |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = rest.lines().take_while(|line| line.starts_with('|')).collect();
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let ours: Vec<String> = settings::JDBC_SINKS.all.iter().map(|row| format!("| {} | {} |", quoted(row.names), row.here)).collect();
    assert_eq!(rows, ours);
}

#[test]
fn each_setting_that_an_answer_names_is_there() {
    for row in settings::JDBC_SINKS.all {
        let words = row.here.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split('=').next());
        let ours = words.filter(|word| word.starts_with("mirror.") || word.starts_with("database.") || word.starts_with("batch."));
        for word in ours {
            assert!(settings::find(word).is_some(), "{word}");
        }
    }
}

#[test]
fn what_the_mirror_is_told_wrongly_is_refused_with_the_reason() {
    for (name, text, what) in [
        ("MIRROR_CONSTRAINTS", "foo", "allowed: refuse | replica_role | trust"),
        ("MIRROR_EVOLUTION", "basic", "allowed: additive | wait"),
        ("MIRROR_FORMAT", "avro", "allowed: envelope | flat"),
        ("MIRROR_TABLES", "public.orders", "not a list of name=name by comma"),
        ("MIRROR_TABLES", "orders=x", "not a list of tables with their schemas"),
        ("MIRROR_TABLES", "public.orders=copy.orders", "a name of the target has a dot"),
        ("MIRROR_TABLES", "public.a=x, public.a=y", "a name stands twice in front of ="),
        ("MIRROR_SCHEMAS", "public", "not a list of name=name by comma"),
        ("MIRROR_SCHEMAS", "public=", "not a list of name=name by comma"),
        ("MIRROR_EXCLUDE_TABLES", "public.a, secret", "not a list of tables with their schemas"),
        ("MIRROR_EXCLUDE_COLUMNS", "people.salary", "not a list of columns with their schemas and tables"),
        ("MIRROR_TOPICS", "^cdc\\.(", "a pattern with a ( that is not closed"),
        ("MIRROR_TOPICS", "^cdc, other", "a pattern beside other topics"),
        ("MIRROR_TOPICS", "", "is empty"),
        ("MIRROR_TOPICS", ",", "not the name of a topic"),
    ] {
        let problems = from_environment(&[(name, text)]).unwrap_err().to_string();
        assert!(problems.contains(name) && problems.contains(what), "{name}={text}: {problems}");
    }
}
