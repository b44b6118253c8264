-- Open letters by the order and by the customer that they are about: few, however many closed ones are kept.
create index dead_letters_open_by_order on dead_letters (order_id) where resolved_at is null and order_id is not null;
create index dead_letters_open_by_customer on dead_letters (customer_id) where resolved_at is null and customer_id is not null;

-- Whether what stands at s came after the record at l, for one and the same order or customer. A record that became a letter may have no
-- readable LSN, so the topic's own order decides: within a partition, and between epochs. Changes that Connect sends again go on to the end: behind
-- an old one that comes again the letter's record comes again too. Of two partitions nothing is known: false.
create function overtakes(s_epoch int, s_partition int, s_offset bigint, l_epoch int, l_partition int, l_offset bigint)
returns boolean language sql immutable parallel safe as $$
select s_epoch > l_epoch or (s_epoch = l_epoch and s_partition = l_partition and s_offset > l_offset)
$$;

-- Those that were overtaken before there was a word for it.
update dead_letters l set resolved_at = now(), resolution = 'overtaken'
where l.resolved_at is null and (
    exists (select from results r where r.order_id = l.order_id and overtakes(r.epoch, r.partition, r."offset", l.epoch, l.partition, l."offset"))
    or exists (select from deleted_orders d where d.order_id = l.order_id and overtakes(d.epoch, d.partition, d."offset", l.epoch, l.partition, l."offset")));
