//! The columns of a record.

/// All of them, in the order in which statements select and bind them.
macro_rules! with_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, owner, name, digest_key, digest, scopes, created, created_by, never_expires, expires, expiry_set, \
             last_used, noticed, revoked, predecessor, rotated, successor, grace_ends ",
            $after
        )
    };
}
pub(in crate::store) use with_columns;

macro_rules! columns {
    ($($column:ident = $name:literal,)*) => {
        /// One of those, in the same order.
        #[derive(Clone, Copy, Debug)]
        pub(in crate::store) enum Column {
            $($column,)*
        }

        impl Column {
            /// How many there are.
            #[cfg(feature = "postgres")]
            pub(in crate::store) const COUNT: usize = [$(Self::$column),*].len();

            pub(in crate::store) fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)*
                }
            }

            /// Its place among all.
            pub(in crate::store) fn index(self) -> usize {
                self as usize
            }
        }
    };
}

columns! {
    Id = "id",
    Owner = "owner",
    Name = "name",
    DigestKey = "digest_key",
    Digest = "digest",
    Scopes = "scopes",
    Created = "created",
    CreatedBy = "created_by",
    NeverExpires = "never_expires",
    Expires = "expires",
    ExpirySet = "expiry_set",
    LastUsed = "last_used",
    Noticed = "noticed",
    Revoked = "revoked",
    Predecessor = "predecessor",
    Rotated = "rotated",
    Successor = "successor",
    GraceEnds = "grace_ends",
}
