//! Tests of reading a configuration: values, their origin, and all errors at once.

use std::io::Write;
use std::path::PathBuf;

use service::settings::{ExposeSecret, Kind, Setting, help, markdown};

use super::*;

mod mirror;

fn file(extension: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("orderstream.{extension}"));
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    (folder, path)
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    Config::load(None, &environment(variables))
}

fn problems_of(extension: &str, text: &str) -> String {
    let (_folder, path) = file(extension, text);
    Config::load(Some(&path), &Environment::default()).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_valid_and_fit_their_types() {
    let config = from_environment(&[]).unwrap().config;
    assert_eq!(config.kafka.bootstrap_servers, "localhost:9092");
    assert_eq!(config.kafka.customers_topic.as_deref(), Some("shop.public.customers"));
    assert_eq!(config.batch.max_records, 4000);
    assert_eq!(config.source.decimal_scale, None);
    assert_eq!(config.enrichment.when_redis_is_down, WhenRedisIsDown::Degrade);
}

#[test]
fn every_word_of_every_choice_has_a_type() {
    for key in settings::SETTINGS {
        let Kind::Choice(words) = key.kind else { continue };
        for word in words {
            let login = [("KAFKA_SASL_MECHANISM", "PLAIN"), ("KAFKA_SASL_USERNAME", "u"), ("KAFKA_SASL_PASSWORD", "p")];
            let compares =
                [("SOURCE_URL", "postgres://shop/orders"), ("RECONCILE_EVERY", "60")].map(|(name, value)| (name.into(), value.into()));
            let mut variables: Vec<(String, String)> = compares.into_iter().chain([(key.variable(), (*word).to_owned())]).collect();
            if word.starts_with("sasl") || key.name == "kafka.sasl_mechanism" {
                variables.splice(0..0, login.map(|(name, value)| (name.into(), value.into())));
                variables.push(("KAFKA_SECURITY_PROTOCOL".into(), if word.starts_with("sasl") { *word } else { "sasl_ssl" }.into()));
            }
            let loaded = Config::load(None, &variables.into_iter().collect());
            assert!(loaded.is_ok(), "{} = {word}: {}", key.name, loaded.unwrap_err());
        }
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let (_folder, path) = file("toml", "[batch]\nmax_records = 10\nmax_bytes = 5000\n[kafka]\ngroup_id = \"shop\"");
    let config = Config::load(Some(&path), &environment(&[("BATCH_MAX_RECORDS", "20")])).unwrap().config;
    assert_eq!((config.batch.max_records, config.batch.max_bytes), (20, 5000));
    assert_eq!((config.kafka.group_id.as_str(), config.kafka.orders_topic.as_str()), ("shop", "shop.public.orders"));
}

#[test]
fn toml_and_yaml_say_the_same() {
    let toml = "[kafka]\nbootstrap_servers = [\"a:1\", \"b:2\"]\n[kafka.properties]\nsocket.keepalive.enable = true\n\"client.id\" = \"x\"\n[breaker]\nfailure_share = 0.25";
    let yaml = "kafka:\n  bootstrap_servers: [a:1, b:2]\n  properties:\n    socket.keepalive.enable: true\n    client.id: x\nbreaker:\n  failure_share: 0.25\nredis:\n";
    for (extension, text) in [("toml", toml), ("yaml", yaml), ("yml", yaml)] {
        let (_folder, path) = file(extension, text);
        let config = Config::load(Some(&path), &Environment::default()).unwrap().config;
        assert_eq!(config.kafka.bootstrap_servers, "a:1,b:2");
        assert_eq!(config.kafka.properties.iter().collect::<Vec<_>>(), [("client.id", "x"), ("socket.keepalive.enable", "true")]);
        assert!((config.breaker.failure_share - 0.25).abs() < f64::EPSILON);
    }
}

#[test]
fn all_errors_are_found_at_once_and_say_where_and_what_is_allowed() {
    let (_folder, path) = file("toml", "[batch]\nmax_records = 0\nmax_byte = 1\n[redsi]\nurl = \"x\"\n[source]\nformat = \"xml\"");
    let variables = [("DATABASE_URL", "orders"), ("HTTP_LISTEN", "8080"), ("BREAKER_OPEN_BASE_MS", "9000"), ("LOG_LEVEL", "a=b=c")];
    let problems = Config::load(Some(&path), &environment(&variables)).unwrap_err();
    let places: Vec<&str> = problems.0.iter().map(|p| p.place.split(' ').next().unwrap()).collect();
    let expected = [
        "batch.max_byte",
        "redsi.url",
        "source.format",
        "DATABASE_URL",
        "BREAKER_OPEN_BASE_MS",
        "HTTP_LISTEN",
        "LOG_LEVEL",
        "batch.max_records",
    ];
    for place in expected {
        assert!(places.contains(&place), "{place} not in {problems}");
    }
    assert_eq!(places.len(), expected.len(), "{problems}");
    let text = problems.to_string();
    assert!(text.starts_with("8 errors in the configuration:"), "{text}");
    assert!(text.contains("did you mean batch.max_bytes?") && text.contains("did you mean redis.url?"), "{text}");
    assert!(text.contains("allowed: 1 to 100000") && text.contains("allowed: envelope | flat"), "{text}");
}

#[test]
fn a_file_that_cannot_be_parsed_is_named_with_the_line() {
    assert!(problems_of("toml", "[kafka]\ngroup_id = \n").contains("not TOML, line 2"));
    assert!(problems_of("yaml", "kafka: [").contains("not YAML"));
    assert!(problems_of("json", "{}").contains("must end in .toml, .yaml or .yml"));
    assert!(problems_of("toml", "group_id = 1").contains("must be a section"));
    assert!(problems_of("toml", "[kafka]\ngroup_id = [1]").contains("must be a text or a number"));
}

#[test]
fn a_file_with_an_error_never_shows_its_secrets() {
    for (extension, text) in [
        ("toml", "[kafka]\nsasl_password = \"s3cret\n"),
        ("toml", "[kafka]\nsasl_password = s3cret\n"),
        ("yaml", "kafka:\n  sasl_password: \"s3cret\n"),
        ("yaml", "kafka:\n  sasl_password: s3cret: [\n"),
        ("toml", "[database]\nurl = \"mysql://u:s3cret@h/d\"\n"),
        ("toml", "[redis]\nurl = \"redis://u:s3cret@h:port\"\n"),
        ("toml", "[kafka]\nproperties = \"sasl.password=s3cret\"\n"),
    ] {
        let problems = problems_of(extension, text);
        assert!(!problems.contains("s3cret"), "{problems}");
    }
}

#[test]
fn a_secret_may_come_from_a_file_but_not_from_two_places() {
    let (_folder, path) = file("txt", "redis://:s3cret@h:6379\n");
    let path = path.to_str().unwrap();
    let config = from_environment(&[("REDIS_URL_FILE", path), ("REDIS_URL", "")]).unwrap().config;
    assert_eq!(config.redis.url.now().expose_secret(), "redis://:s3cret@h:6379");
    let both = from_environment(&[("REDIS_URL_FILE", path), ("REDIS_URL", "redis://h")]).unwrap_err().to_string();
    assert!(both.contains("REDIS_URL: both it and REDIS_URL_FILE are set"), "{both}");
    let gone = from_environment(&[("REDIS_URL_FILE", "/nowhere/redis")]).unwrap_err().to_string();
    assert!(gone.contains("REDIS_URL_FILE: cannot read /nowhere/redis"), "{gone}");
}

#[test]
fn secrets_appear_neither_in_debug_nor_in_the_report() {
    let loaded = from_environment(&[
        ("DATABASE_URL", "postgres://u:s3cret@h/d"),
        ("REDIS_URL", "rediss://:s3cret@h"),
        ("KAFKA_SECURITY_PROTOCOL", "sasl_ssl"),
        ("KAFKA_SASL_MECHANISM", "plain"),
        ("KAFKA_SASL_USERNAME", "shop"),
        ("KAFKA_SASL_PASSWORD", "s3cret"),
        ("KAFKA_SSL_CERTIFICATE_LOCATION", "/c"),
        ("KAFKA_SSL_KEY_LOCATION", "/k"),
        ("KAFKA_SSL_KEY_PASSWORD", "s3cret"),
        ("KAFKA_PROPERTIES", "ssl.keystore.password=s3cret;client.id=shop"),
    ])
    .unwrap();
    let shown = format!("{loaded:?}\n{}", loaded.report);
    assert!(!shown.contains("s3cret"), "{shown}");
    let report = loaded.report.to_string();
    assert!(report.contains("url = \"postgres://u:<redacted>@h/d\"  # environment variable DATABASE_URL"), "{report}");
    assert!(report.contains("sasl_password = \"<redacted>\""), "{report}");
    assert!(report.contains("\"client.id\" = \"shop\""), "{report}");
    assert!(report.contains("max_records = 4000  # default"), "{report}");
}

#[test]
fn the_report_is_a_file_that_gives_the_same_configuration() {
    let report = from_environment(&[("BATCH_MAX_RECORDS", "7"), ("KAFKA_PROPERTIES", "client.id=shop")]).unwrap().report;
    let (_folder, path) = file("toml", &report.to_string().replace("<redacted>", "orderstream"));
    let again = Config::load(Some(&path), &Environment::default()).unwrap();
    let values = |report: &Report| report.to_string().lines().map(|l| l.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&again.report), values(&report));
}

#[test]
fn a_login_is_complete_or_refused() {
    let text = from_environment(&[("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"), ("KAFKA_SASL_USERNAME", "shop")]).unwrap_err().to_string();
    assert!(text.contains("kafka.sasl_mechanism: is needed") && text.contains("kafka.sasl_password: is needed"), "{text}");
    let text = from_environment(&[("KAFKA_SASL_PASSWORD", "s3cret")]).unwrap_err().to_string();
    assert!(text.contains("KAFKA_SASL_PASSWORD: has no effect"), "{text}");
}

#[test]
fn topics_are_three_different_ones() {
    let text = from_environment(&[("KAFKA_DEAD_LETTER_TOPIC", "shop.public.orders")]).unwrap_err().to_string();
    assert!(text.contains("KAFKA_DEAD_LETTER_TOPIC: is the same as a topic that is read"), "{text}");
    assert!(from_environment(&[("KAFKA_CUSTOMERS_TOPIC", "")]).unwrap().config.kafka.customers_topic.is_none());
}

#[test]
fn unknown_variables_are_ignored_and_near_misses_are_told() {
    let loaded = from_environment(&[("PATH", "/bin"), ("HTTP_PROXY", "x"), ("REDIS_PORT", "tcp://x"), ("KAFKA_GROUPID", "shop")]).unwrap();
    assert_eq!(loaded.warnings, ["the environment variable KAFKA_GROUPID is unknown; did you mean KAFKA_GROUP_ID?"]);
}

#[test]
fn names_are_unique_and_every_key_is_in_the_tables() {
    let names: std::collections::BTreeSet<&str> = settings::SETTINGS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), settings::SETTINGS.len());
    for key in settings::SETTINGS {
        assert!(markdown(SETTINGS).contains(&format!("| `{}` |", key.name)));
        assert!(help(SETTINGS).contains(&key.variable()));
    }
}

/// The variable of each setting that can have a wrong value.
fn breakable() -> Vec<String> {
    let anything_goes = |key: &&Setting| matches!(key.kind, Kind::Text);
    settings::SETTINGS.iter().filter(|key| !anything_goes(key)).map(Setting::variable).collect()
}

proptest::proptest! {
    #[test]
    fn whichever_keys_are_wrong_exactly_they_are_named(wrong in proptest::sample::subsequence(breakable(), 1..breakable().len())) {
        let problems = Config::load(None, &wrong.iter().map(|name| (name.clone(), "no such value!")).collect()).unwrap_err();
        let mut places: Vec<String> = problems.0.into_iter().map(|problem| problem.place).collect();
        let mut expected = wrong;
        places.sort();
        expected.sort();
        proptest::prop_assert_eq!(places, expected);
    }
}

#[test]
fn a_password_keeps_its_spaces() {
    let login = [("KAFKA_SECURITY_PROTOCOL", "sasl_ssl"), ("KAFKA_SASL_MECHANISM", "plain"), ("KAFKA_SASL_USERNAME", "shop ")];
    let variables = login.into_iter().chain([("KAFKA_SASL_PASSWORD", " s3cret ")]).collect();
    let kafka = Config::load(None, &variables).unwrap().config.kafka;
    assert_eq!(kafka.sasl_password.as_ref().map(ExposeSecret::expose_secret), Some(" s3cret "));
    assert_eq!(kafka.sasl_username.as_deref(), Some("shop"));
    assert!(kafka.connection_properties().contains(&("sasl.password".into(), " s3cret ".into())));
}

#[test]
fn a_scalar_of_yaml_is_taken_as_it_is_written() {
    let yaml = "breaker:\n  held: no\n  failure_share: .5\nkafka:\n  group_id: off\n  sasl_username: 1.10\n  sasl_password: 0x1F\n  \
                sasl_mechanism: plain\n  security_protocol: sasl_ssl\n  properties: {client.id: 007, socket.keepalive.enable: true}\n\
                log: {level: off}\nsource: {epoch: 10, decimal_scale: ~}\nhttp:\n  listen: \"\"\n";
    let (_folder, path) = file("yaml", yaml);
    let config = Config::load(Some(&path), &Environment::default()).unwrap().config;
    assert_eq!(config.breaker.held, Held::No);
    assert!((config.breaker.failure_share - 0.5).abs() < f64::EPSILON);
    assert_eq!((config.kafka.group_id.as_str(), config.log.level.as_str()), ("off", "off"));
    assert_eq!(config.kafka.sasl_username.as_deref(), Some("1.10"));
    assert_eq!(config.kafka.sasl_password.as_ref().map(ExposeSecret::expose_secret), Some("0x1F"));
    assert_eq!(config.kafka.properties.iter().collect::<Vec<_>>(), [("client.id", "007"), ("socket.keepalive.enable", "true")]);
    assert_eq!((config.source.epoch, config.source.decimal_scale, config.http.listen), (10, None, None));
}

#[test]
fn what_is_read_in_two_ways_is_refused_with_the_way_to_write_it() {
    let problems =
        problems_of("yaml", "source:\n  epoch: 010\nbatch:\n  max_records: 1_000\n  max_bytes: 1e4\nhealth: {stall_seconds: 0x10}\n");
    assert!(problems.starts_with("4 errors"), "{problems}");
    assert!(problems.contains("source.epoch") && problems.contains("write 10, or 8 if octal is meant"), "{problems}");
    assert!(problems.contains("`1_000` is not a whole number in digits") && problems.contains("`0x10` is"), "{problems}");
    assert!(problems_of("toml", "[kafka]\ngroup_id = 1.10").contains("must be in quotes"));
    assert!(problems_of("yaml", "kafka:\n  group_id: a\n  group_id: b\n").contains("not YAML"));
}

#[test]
fn a_url_that_is_not_plainly_right_is_refused_with_the_way_to_write_it() {
    let of = |name: &str, url: &str| from_environment(&[(name, url)]).unwrap_err().to_string();
    for (name, url) in [
        ("DATABASE_URL", "postgres://u:se/cret@h/orders"),
        ("DATABASE_URL", "postgres://u:12#se/cret@h/orders"),
        ("REDIS_URL", "redis://u:12/se/cret@h"),
    ] {
        let problem = of(name, url);
        assert!(problem.contains(name) && problem.contains("write @ as %40, / as %2F, # as %23") && !problem.contains("cret"), "{problem}");
    }
    assert!(of("DATABASE_URL", "postgres://u@h/orders?sslmod=require").contains("did you mean sslmode?"));
    assert!(of("DATABASE_URL", "postgres://u@h/orders?sslmode=requires").contains("its sslmode is none of disable, allow"));
    assert!(of("REDIS_URL", "redis://h?timeout=5").contains("known: protocol"));
}
