-- How many of a partition's last records are dead letters: the cap on their share looks back by offset.
create index dead_letters_by_record on dead_letters (topic, partition, "offset");
