//! Passwords and certificates that change while a process runs are taken up without a restart, and so is the level of the log.

use std::fs;
use std::process::Command;

use stack::certificates::{Authority, Validity};
use stack::secured::Secured;
use stack::wait::{Attempt, until};

use crate::servers::{PATIENCE, Process, servers, settings, with};

/// Waits until the process is ready, and not degraded.
#[track_caller]
fn await_all_well(process: &Process) {
    let look = || {
        let ready = process.get("/readyz");
        if ready.starts_with("ok") { Attempt::Ready(()) } else { Attempt::NotYet(ready) }
    };
    until("everything is well", PATIENCE, look).unwrap();
}

fn redis(servers: &Secured, command: &[&str]) {
    let mut admin = redis::Client::open(servers.plain_redis()).unwrap().get_connection().unwrap();
    redis::cmd(command[0]).arg(&command[1..]).exec(&mut admin).unwrap();
}

/// Ends all connections of orderstream, as a restart of the servers would.
fn end_connections(servers: &Secured) {
    servers.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'orderstream'").unwrap();
    redis(servers, &["CLIENT", "KILL", "USER", "orderstream"]);
}

#[test]
fn a_changed_password_is_refused_until_its_file_has_it_and_taken_up_then() {
    let servers = servers();
    let mut settings = settings(&servers);
    let files = [("DATABASE_URL", "database.secret"), ("REDIS_URL", "redis.secret")];
    let urls = files.map(|(setting, file)| (servers.folder().join(file), settings.remove(setting).unwrap()));
    let write = |from: &str, to: &str| urls.iter().for_each(|(path, url)| fs::write(path, url.replacen(from, to, 1)).unwrap());
    write("", "");
    let [database, redis_url] = urls.each_ref().map(|(path, _)| path.display().to_string());
    let process = Process::launch(&servers, &with(settings, [("DATABASE_URL_FILE", database), ("REDIS_URL_FILE", redis_url)]));
    await_all_well(&process);

    servers.psql("alter role orderstream password 'next'").unwrap();
    redis(&servers, &["ACL", "SETUSER", "orderstream", "resetpass", ">next"]);
    end_connections(&servers);
    process.await_log("cause=Redis does not let this user in: the user or the password is wrong");
    until("Postgres is told to be down", PATIENCE, || Attempt::when(process.get("/readyz").contains("postgres: down"))).unwrap();

    write(":orderstream@", ":next@");
    process.await_log("A secret has changed in its file: new connections use it setting=\"database.url\"");
    process.await_log("A secret has changed in its file: new connections use it setting=\"redis.url\"");
    await_all_well(&process);
    process.service.stop().unwrap();
    servers.psql("alter role orderstream password 'orderstream'").unwrap();
    redis(&servers, &["ACL", "SETUSER", "orderstream", "resetpass", ">orderstream"]);
}

#[test]
fn a_renewed_certificate_is_taken_up_by_the_next_connection() {
    let servers = servers();
    let own = |authority: &Authority| servers.write(&authority.client("orderstream", Validity::Now).unwrap(), "renewed").unwrap();
    let files = own(servers.authority());
    let [certificate, key] = [files.certificate, files.key].map(|path| path.display().to_string());
    let certificates = [("REDIS_SSL_CERTIFICATE_LOCATION", certificate), ("REDIS_SSL_KEY_LOCATION", key)];
    let process = Process::launch(&servers, &with(settings(&servers), certificates));
    await_all_well(&process);

    own(&Authority::new("a stranger").unwrap());
    end_connections(&servers);
    process.await_log("does not take the certificate that redis.ssl_certificate_location names");
    own(servers.authority());
    await_all_well(&process);
    process.service.stop().unwrap();
}

#[test]
fn sighup_reads_the_level_of_the_log_again_and_ends_nothing() {
    let servers = servers();
    let file = servers.folder().join("orderstream.toml");
    fs::write(&file, "[log]\nlevel = \"info\"\n").unwrap();
    let process = Process::launch_with(&servers, &settings(&servers), Some(&file));
    await_all_well(&process);
    let hang_up = || {
        let status = Command::new("kill").args(["-s", "HUP", &process.service.pid().unwrap().to_string()]).status();
        assert!(status.unwrap().success());
    };
    fs::write(&file, "[log]\nlevel = \"inof\"\n").unwrap();
    hang_up();
    process.await_log("The configuration cannot be read again: what is logged stays as it is");
    fs::write(&file, "[log]\nlevel = \"info,orderstream=debug\"\n").unwrap();
    hang_up();
    process.await_log("What is logged changes");
    end_connections(&servers);
    process.await_log("Connected to Redis");
    await_all_well(&process);
    process.service.stop().unwrap();
}
