//! The partition that a key belongs to, by the default partitioner of Java's producers, with which Kafka Connect writes.
//!
//! Source: `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive`, in `BuiltInPartitioner.partitionForKey`; librdkafka calls the
//! same partitioner `murmur2_random`.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// The partition of a key on a topic with so many partitions; `None` for a topic without partitions.
#[must_use]
pub fn partition_of(key: &[u8], partitions: i32) -> Option<i32> {
    let positive = (murmur2(key) & 0x7fff_ffff).cast_signed();
    positive.checked_rem(partitions).filter(|_| partitions > 0)
}

fn murmur2(key: &[u8]) -> u32 {
    // Java's length is an int, and a key of 2 GB does not exist.
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, rest) = key.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        let k = u32::from_le_bytes(*word).wrapping_mul(M);
        hash.wrapping_mul(M) ^ (k ^ (k >> 24)).wrapping_mul(M)
    });
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: `UtilsTest.testMurmur2` of Apache Kafka.
    #[test]
    fn the_hash_is_that_of_kafka() {
        let expected = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in expected {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_topic_without_partitions_has_none_for_a_key() {
        assert_eq!(partition_of(b"21", 0), None);
        assert_eq!(partition_of(b"21", 1), Some(0));
    }
}
