/** $1 service ids, $2 owner, then an array a column. Does not change services of another owner or a younger version. */
export const REGISTER = `
  insert into rollcall.catalog_service as held
    (service_id, owner, service_name, node_id, tags, address, port, status, note, version)
  select service_id, $2, service_name, node_id, tags::jsonb, address, port, status, note, version
  from unnest($1::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::int[], $8::text[], $9::text[], $10::bigint[])
    as given (service_id, service_name, node_id, tags, address, port, status, note, version)
  order by service_id
  on conflict (service_id) do update set
    owner = excluded.owner,
    service_name = excluded.service_name,
    node_id = excluded.node_id,
    tags = excluded.tags,
    address = excluded.address,
    port = excluded.port,
    status = excluded.status,
    note = excluded.note,
    version = excluded.version,
    registered_at = case when held.removed_at is null then held.registered_at else excluded.registered_at end,
    updated_at = excluded.updated_at,
    removed_at = null
  where case when held.owner = excluded.owner then held.version <= excluded.version else held.removed_at is not null end
  returning service_id`;

/** $1 service ids, $2 owner. */
export const OWNED_BY_OTHERS = `
  select service_id, owner from rollcall.catalog_service
  where service_id = any($1::text[]) and owner <> $2 and removed_at is null`;

/**
 * $1 service ids, $2 owner, then one array a column. Without the first condition the server may read all of the table
 * for each batch, as it planned when the table was small.
 */
export const SET_STATUS = `
  update rollcall.catalog_service held set
    status = given.status, note = given.note, version = given.version, updated_at = now()
  from unnest($1::text[], $3::text[], $4::text[], $5::bigint[]) as given (service_id, status, note, version)
  where held.service_id = any($1::text[]) and held.service_id = given.service_id
    and held.owner = $2 and held.removed_at is null
    and held.version <= given.version
  returning held.service_id`;

/** $1 service ids, $2 owner, $3 versions. A removed service keeps its version for a day, even if it never existed. */
export const DEREGISTER = `
  with forgotten as (
    delete from rollcall.catalog_service
    where removed_at < now() - interval '1 day' and service_id <> all($1::text[])
  )
  insert into rollcall.catalog_service as held
    (service_id, owner, service_name, node_id, tags, status, note, version, removed_at)
  select service_id, $2, '', '', '[]'::jsonb, 'critical', '', version, now()
  from unnest($1::text[], $3::bigint[]) as given (service_id, version)
  order by service_id
  on conflict (service_id) do update set
    version = excluded.version, updated_at = excluded.updated_at, removed_at = excluded.removed_at
  where held.owner = excluded.owner and held.version <= excluded.version
  returning service_id`;

/** $1 owner, $2 service name, $3 passing only. */
export const FIND_SERVICES = `
  select service_id, service_name, node_id, coalesce(address, '') as address, port, tags, status, note, version
  from rollcall.catalog_service
  where owner = $1 and service_name = $2 and removed_at is null and (not $3::boolean or status = 'passing')
  order by service_id collate "C"`;

/** $1 owner. */
export const OWNED_SERVICES = `
  select service_id, service_name, node_id, tags, address, port, status, version
  from rollcall.catalog_service where owner = $1 and removed_at is null`;
