//! What stands before the handler.

use std::str::FromStr;

/// One server each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    None,
    /// A layer that does nothing: what axum itself takes for one.
    Empty,
    Memory,
    Jwt,
    Sqlite,
    SqliteCached,
    Postgres,
    PostgresCached,
}

impl Guard {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Empty,
        Self::Memory,
        Self::Jwt,
        Self::Sqlite,
        Self::SqliteCached,
        Self::Postgres,
        Self::PostgresCached,
    ];

    /// In the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no guard",
            Self::Empty => "an empty layer",
            Self::Memory => "personal-tokens, MemoryStore",
            Self::Jwt => "JWT HS256",
            Self::Sqlite => "personal-tokens, SqliteStore",
            Self::SqliteCached => "personal-tokens, SqliteStore cached",
            Self::Postgres => "personal-tokens, PostgresStore",
            Self::PostgresCached => "personal-tokens, PostgresStore cached",
        }
    }

    pub fn is_sqlite(self) -> bool {
        matches!(self, Self::Sqlite | Self::SqliteCached)
    }

    pub fn is_postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::PostgresCached)
    }
}

/// By its name in Rust.
impl FromStr for Guard {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|guard| format!("{guard:?}") == name);
        found.ok_or_else(|| format!("no guard is called {name}: {:?}", Self::ALL))
    }
}
