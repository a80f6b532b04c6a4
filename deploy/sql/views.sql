-- The samples of a block's part as rows (sid, ts, v), for DuckDB 1.3 and later. Run it in the part's folder (or set the paths below), then
--   select s.l___name__, s.l_instance, to_timestamp(ts / 1000), v from samples join 'series.parquet' s using (sid);
-- The view needs the order of the file: one thread, one file. The columns are described in docs/formats/block.md.
set threads = 1;
create or replace macro uz(z) as xor(z >> 1, -(z & 1));
create or replace view samples as with
  r as (select *, list_transform(case when k & 4 = 4 then dl else d::bigint[] end, lambda z: uz(z)) dd from 'samples.parquet'),
  q as (select *, coalesce(lag(list_sum(dd)::bigint) over (), 0) pl from r),
  u as (select sid, t0, step, e, k, m0, xi, xv, f[1] f1,
          unnest(range(n)) i,
          unnest(case when k & 1 = 1 then list_prepend(0, td) else [] end) dt,
          unnest(list_prepend(-pl, dd)) dv,
          unnest(f) fv
        from q),
  s as (select *, sum(dv) over (rows between unbounded preceding and current row)::bigint cs from u)
select sid,
       t0 + step::bigint * i + coalesce(uz(dt), 0) ts,
       case when k & 16 = 16 and list_contains(xi, i::int) then xv[list_position(xi, i::int)]
            when k & 64 = 64 then f1
            when k & 8 = 8 then fv
            else (m0 + cs) / pow(10, e) end v
from s;
