-- Positions are of one topic: in another one offsets begin anew, and newer events would count as seen (P5). A table takes events of another topic only
-- in a higher epoch than the one in which `topic` was noted.
alter table mirror_tables add column epoch int not null default 0;
