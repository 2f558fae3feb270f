/** A page has at most this many records. */
const pageRecords = 500;
/** A page ends with the record that reaches this many bytes. */
const pageBytes = 4 * 1024 * 1024;

/** $1 topics. The first and last record of every partition, found in the primary key without reading the others. */
export const selectEnds = `
  select t.topic, first."offset" as low, last."offset" + 1 as high, last.appended_at as at
  from rollcall.bus_topic t
  cross join lateral generate_series(0, t.partitions - 1) as p(partition)
  left join lateral (select "offset" from rollcall.bus_record r
    where r.topic = t.topic and r.partition = p.partition order by "offset" limit 1) first on true
  left join lateral (select "offset", appended_at from rollcall.bus_record r
    where r.topic = t.topic and r.partition = p.partition order by "offset" desc limit 1) last on true
  where t.topic = any($1::text[])
  order by t.topic, p.partition`;

/** $1 topics, $2 partitions, $3 offsets, $4 keys, $5 values, $6 headers, $7 time */
export const insertRecords = `
  insert into rollcall.bus_record (topic, partition, "offset", key, value, headers, appended_at)
  select topic, partition, "offset", key, value, headers, $7::timestamptz
  from unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::bytea[], $6::json[])
    as r(topic, partition, "offset", key, value, headers)`;

/** $1 topic, $2 partition, $3 first offset */
export const selectPage = `
  select "offset", key, value, headers, appended_at as at
  from (
    select *, coalesce(sum(octet_length(value)) over (order by "offset"
      rows between unbounded preceding and 1 preceding), 0) as bytes_before
    from (
      select * from rollcall.bus_record
      where topic = $1 and partition = $2 and "offset" >= $3
      order by "offset" limit ${pageRecords}
    ) page
  ) measured
  where bytes_before < ${pageBytes}
  order by "offset"`;

/**
 * $1 domains, $2 topics: who reads what now. Of each partition the first offset that is kept, if older ones are not:
 * records before $3 that no domain needs, and all before $4. At most about $5 records. A domain that has no position in
 * a partition has read nothing there.
 */
export const selectExpired = `
  with partition_of as (
    select topic, partition from rollcall.bus_topic, generate_series(0, partitions - 1) as p(partition)
  ),
  domain_topic as (
    select domain, topic from rollcall.source_offset
    union select domain, topic from unnest($1::text[], $2::text[]) as s(domain, topic)
  ),
  needed as (
    select topic, partition, min(coalesce(o.next_offset, 0)) as first
    from domain_topic join partition_of using (topic)
    left join rollcall.source_offset o using (domain, topic, partition)
    group by topic, partition
  ),
  -- Partitions whose oldest record is expired.
  due as (
    select p.topic, p.partition, n.first as needed, newest."offset" as newest
    from partition_of p
    left join needed n using (topic, partition)
    cross join lateral (select "offset", appended_at from rollcall.bus_record r
      where r.topic = p.topic and r.partition = p.partition order by "offset" limit 1) oldest
    cross join lateral (select "offset" from rollcall.bus_record r
      where r.topic = p.topic and r.partition = p.partition order by "offset" desc limit 1) newest
    where oldest."offset" < newest."offset"
      and (oldest.appended_at < $4 or oldest.appended_at < $3 and coalesce(oldest."offset" < n.first, true))
  )
  select topic, partition, max("offset") + 1 as low
  from due cross join lateral (select "offset", appended_at from rollcall.bus_record r
    where r.topic = due.topic and r.partition = due.partition
    order by "offset" limit greatest(1, $5::int / (select count(*) from due))) r
  where "offset" < newest and (appended_at < $4 or appended_at < $3 and coalesce("offset" < needed, true))
  group by topic, partition`;

/** $1 topics, $2 partitions, $3 offsets: records below are deleted */
export const deleteRecords = `
  delete from rollcall.bus_record r
  using unnest($1::text[], $2::int[], $3::bigint[]) as d(topic, partition, below)
  where r.topic = d.topic and r.partition = d.partition and r."offset" < d.below
  returning 1`;
