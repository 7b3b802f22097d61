//! What stands in a schema of a PostgreSQL database, by its catalogue.

use personal_tokens::store::sqlx::{AssertSqlSafe, PgConnection, query_scalar};

/// Each column, constraint, index, trigger and function as PostgreSQL writes it, in order.
pub async fn catalog(connection: &mut PgConnection, schema: &str) -> Vec<String> {
    let all = format!(
        "WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = '{schema}'),
              relations AS (SELECT c.* FROM pg_class c JOIN here ON here.oid = c.relnamespace)
         SELECT replace(text, quote_ident('{schema}'), 'here') FROM (
             SELECT concat_ws(' ', 'column', r.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                 a.attnotnull, a.attgenerated, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid)) AS text
             FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                 LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
             UNION ALL SELECT concat_ws(' ', 'relation', relname, relkind, reloptions) FROM relations
             UNION ALL SELECT concat_ws(' ', 'check', r.relname, c.conname, pg_get_constraintdef(c.oid))
                 FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
             UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(r.oid)) FROM relations r WHERE relkind = 'i'
             UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid))
                 FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT tgisinternal
             UNION ALL SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid))
                 FROM pg_proc p JOIN here ON here.oid = p.pronamespace) AS everything
         ORDER BY 1"
    );
    query_scalar(AssertSqlSafe(all)).fetch_all(connection).await.unwrap()
}

/// What stands in one of them only.
pub fn difference<'a>(one: &'a [String], other: &'a [String]) -> Vec<&'a String> {
    let missing = one.iter().filter(|line| !other.contains(line));
    missing.chain(other.iter().filter(|line| !one.contains(line))).collect()
}
