//! Access rules of Kafka: the lines that `kafka-acls.sh --add` takes (connect/acls.txt), given to a broker in one request. A JVM for each
//! line would take longer than everything else that a stack does.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

const PATIENCE: Duration = Duration::from_secs(10);

/// The request `CreateAcls`, in the last version without tagged fields. Source: <https://kafka.apache.org/protocol>.
const CREATE_ACLS: [i16; 2] = [30, 1];

const LITERAL: u8 = 3;
const ALLOW: u8 = 3;

/// The numbers of the types of resources. Source: `org.apache.kafka.common.resource.ResourceType`.
const RESOURCES: [(&str, u8); 4] = [("--topic", 2), ("--group", 3), ("--cluster", 4), ("--transactional-id", 5)];

/// The numbers of the operations. Source: `org.apache.kafka.common.acl.AclOperation`.
const OPERATIONS: [(&str, u8); 9] = [
    ("Read", 3),
    ("Write", 4),
    ("Create", 5),
    ("Delete", 6),
    ("Alter", 7),
    ("Describe", 8),
    ("DescribeConfigs", 10),
    ("AlterConfigs", 11),
    ("IdempotentWrite", 12),
];

/// One rule: this user may do this there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    resource: u8,
    name: String,
    user: String,
    operation: u8,
}

/// Gives the rules to the broker at `port`, which takes them from anybody who is its super user.
pub(crate) fn add(port: u16, lines: &str) -> Result<()> {
    let rules = rules(lines)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut broker = TcpStream::connect_timeout(&address, PATIENCE)?;
    broker.set_read_timeout(Some(PATIENCE))?;
    broker.write_all(&request(&rules)?)?;
    let mut length = [0; 4];
    broker.read_exact(&mut length)?;
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    broker.read_exact(&mut answer)?;
    ensure!(codes(&answer, rules.len()).context("the broker's answer to CreateAcls cannot be read")?.iter().all(|code| *code == 0));
    Ok(())
}

/// The rules of lines such as `--allow-principal User:connect --operation Write --topic orders --topic customers`.
fn rules(lines: &str) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        rules.extend(of_line(line).with_context(|| format!("not a line for kafka-acls.sh: {line}"))?);
    }
    Ok(rules)
}

fn of_line(line: &str) -> Result<Vec<Rule>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (mut user, mut operations, mut resources) = (None, Vec::new(), Vec::new());
    for pair in words.chunks(2) {
        let &[option, value] = pair else { bail!("an option has no value") };
        let number = |of: &[(&str, u8)], name| of.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
        match option {
            "--allow-principal" => user = Some(value.to_owned()),
            "--operation" => operations.push(number(&OPERATIONS, value).with_context(|| format!("unknown operation {value}"))?),
            _ => resources.push((number(&RESOURCES, option).with_context(|| format!("unknown option {option}"))?, value.to_owned())),
        }
    }
    let user = user.context("nobody is allowed anything")?;
    let of = |(resource, name): &(u8, String), operation| Rule { resource: *resource, name: name.clone(), user: user.clone(), operation };
    Ok(resources.iter().flat_map(|resource| operations.iter().map(move |operation| of(resource, *operation))).collect())
}

fn request(rules: &[Rule]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for number in CREATE_ACLS {
        body.extend(number.to_be_bytes());
    }
    body.extend(1_i32.to_be_bytes());
    text(&mut body, "stack")?;
    body.extend(i32::try_from(rules.len())?.to_be_bytes());
    for rule in rules {
        body.push(rule.resource);
        text(&mut body, &rule.name)?;
        body.push(LITERAL);
        text(&mut body, &rule.user)?;
        text(&mut body, "*")?;
        body.extend([rule.operation, ALLOW]);
    }
    let mut request = i32::try_from(body.len())?.to_be_bytes().to_vec();
    request.extend(body);
    Ok(request)
}

fn text(into: &mut Vec<u8>, text: &str) -> Result<()> {
    into.extend(i16::try_from(text.len())?.to_be_bytes());
    into.extend(text.as_bytes());
    Ok(())
}

/// The error code for each rule, behind the number of the request, the throttle time, and the number of codes.
fn codes(answer: &[u8], expected: usize) -> Option<Vec<i16>> {
    let mut rest = answer.get(8..)?;
    let count = i32::from_be_bytes(*rest.split_off(..4)?.first_chunk()?);
    let mut codes = Vec::new();
    for _ in 0..count {
        codes.push(i16::from_be_bytes(*rest.split_off(..2)?.first_chunk()?));
        let length = i16::from_be_bytes(*rest.split_off(..2)?.first_chunk()?);
        rest = rest.get(usize::try_from(length.max(0)).ok()?..)?;
    }
    (codes.len() == expected).then_some(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_rule_for_each_operation_on_each_resource() {
        let found = rules("--allow-principal User:a --operation Read --operation Write --topic x --group y\n\n").unwrap();
        let rule = |resource, name: &str, operation| Rule { resource, name: name.into(), user: "User:a".into(), operation };
        assert_eq!(found, [rule(2, "x", 3), rule(2, "x", 4), rule(3, "y", 3), rule(3, "y", 4)]);
        assert!(format!("{:#}", rules("--operation Read --topic x").unwrap_err()).contains("nobody is allowed anything"));
        assert!(
            format!("{:#}", rules("--allow-principal User:a --operation Raed --topic x").unwrap_err()).contains("unknown operation Raed")
        );
    }

    #[test]
    fn the_codes_of_an_answer_are_read() {
        let answer = [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2][..], &[0, 0, 0xff, 0xff], &[0, 31, 0, 2], b"no"].concat();
        assert_eq!(codes(&answer, 2), Some(vec![0, 31]));
        assert_eq!(codes(&answer, 3), None);
        assert_eq!(codes(&answer[..14], 2), None);
    }
}
