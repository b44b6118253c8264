//! Turns replies of the `redis` crate into values or errors of this program.

use redis::{ServerError, Value};

use super::RedisError;

/// The error in a reply, if the reply is one.
pub(crate) fn error(reply: &Value) -> Option<&ServerError> {
    match reply {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// The first error among the replies, as an error of the whole.
pub(crate) fn each_ok(replies: &[Value]) -> Result<(), RedisError> {
    replies.iter().find_map(error).map_or(Ok(()), |error| Err(RedisError::from_reply(error)))
}

/// Reads a reply that must be an integer.
pub(crate) fn integer(reply: &Value) -> Result<i64, RedisError> {
    match reply {
        Value::Int(number) => Ok(*number),
        Value::ServerError(error) => Err(RedisError::from_reply(error)),
        _ => Err(RedisError::Unexpected("an integer")),
    }
}

/// Reads a reply that must be a text or nothing.
pub(crate) fn text(reply: Value) -> Result<Option<String>, RedisError> {
    match reply {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| RedisError::Unexpected("UTF-8")),
        Value::ServerError(error) => Err(RedisError::from_reply(&error)),
        _ => Err(RedisError::Unexpected("a text")),
    }
}
