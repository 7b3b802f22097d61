//! Bugs in how records are kept, and in what is found of them.

macro_rules! records {
    ($next:ident $($then:ident)*; $($before:tt)*) => { $next! { $($then)*; $($before)*

    texts_and_bytes_come_back_whole {
        /// A name has 191 bytes at most.
        CutsNames,
        /// An owner has 250 bytes at most.
        CutsOwners => texts_are_compared_byte_by_byte,
        /// Who asked is kept without characters of four bytes.
        KeepsThreeByteCharacters,
        /// There are 64 scopes at most.
        CutsScopes,
        /// Every digest has the key 0.
        LosesDigestKeys,
        /// A digest ends where a byte is zero.
        DigestsEndAtZero => any,
        /// An edited name has 191 bytes at most.
        CutsNewNames,
    }
    instants_are_exact {
        /// Instants are seconds in a float.
        FloatInstants => any,
        /// Instants are nanoseconds in 64 bits: from 1677 to 2262.
        NanosecondInstants => any,
        /// The notice is kept to the millisecond.
        FloorsNotices =>
            a_use_writes_nothing_else an_update_sets_what_was_asked optional_fields_come_back_present_and_absent,
    }
    optional_fields_come_back_present_and_absent {
        /// What was rotated and then revoked is kept as revoked only.
        RevokedDropsRotated => instants_are_exact,
        /// Successor and predecessor share a column.
        RotatedDropsPredecessor,
        /// A notice is kept with an expiry only.
        NeverDropsNotice => prune_never_deletes_what_nothing_ends,
        /// Where nobody asked, the owner did.
        OwnersAreActors => any,
    }
    texts_are_compared_byte_by_byte {
        /// Owners are compared in upper case.
        OwnersInAnyCase,
        /// Owners are compared without trailing spaces.
        OwnersWithoutTrailingSpace,
        /// Owners are compared in composed characters.
        OwnersComposed,
        /// Owners are compared in characters of one width.
        OwnersOfOneWidth,
        /// Owners are compared without soft hyphens.
        OwnersWithoutSoftHyphens,
        /// An owner is a pattern.
        OwnersAreLike,
        /// Tokens are counted for owners in upper case.
        CountsOwnersInAnyCase,
        /// Names are compared in upper case.
        NamesInAnyCase,
        /// Names are compared in composed characters.
        NamesComposed,
        /// Names of digits are numbers.
        NamesAreNumbers,
    }
    ended_records_are_found {
        /// `find` hides what is revoked.
        FindHidesRevoked => any,
        /// `find` hides what was rotated away and has no grace any more.
        FindHidesRotated => any,
        /// `get` hides what is not current.
        GetHidesEnded => any,
    }
    unknown_ids_find_nothing {
        /// Ids are compared by their first 11 bytes.
        ShortIds,
        /// Ids end where a byte is zero.
        IdsEndAtZero,
        /// Ids are compared as text, in any case.
        IdTextInAnyCase,
        /// The bytes of ids are compared as characters, in any case.
        IdBytesInAnyCase,
        /// A notice of a token that is not there is claimed.
        ClaimsOfNothing,
        /// A claim of nothing makes a row.
        ClaimsMakeRows,
        /// A change of a token that is not there is made, with no effect.
        ChangesNothing =>
            an_update_that_lost_its_row_is_refused another_owners_token_is_not_found
            prune_spares_what_is_revived_meanwhile,
    }
    another_owners_token_is_not_found {
        /// `get` looks at the id only.
        GetIgnoresOwner => texts_are_compared_byte_by_byte,
        /// Revoke all looks at no owner.
        RevokesAllOfAllOwners => revoke_all_reaches_what_could_be_active texts_are_compared_byte_by_byte,
    }
    a_change_is_seen_once_it_returns {
        /// An issue does not say what it wrote.
        IssuesSayNothing => any,
        /// `find` remembers what was not there.
        RemembersAbsence => what_is_cached_is_no_older_than_a_change,
        /// A change answers first, and writes then.
        AnswersBeforeItWrites => any,
        /// A list is as it was before the owner's last change.
        ListsLagBehind => any,
    }
    what_is_cached_is_no_older_than_a_change {
        /// A change forgets nothing that `find` remembers.
        CacheForgetsNothing => any,
        /// A change forgets what it was about, not what it wrote beside that.
        CacheForgetsTheTargetOnly,
        /// Revoke all forgets nothing that `find` remembers.
        CacheForgetsNoneOfRevokeAll,
        /// Edits forget nothing that `find` remembers.
        CacheForgetsNoEdits =>
            a_change_is_seen_once_it_returns an_update_sets_what_was_asked texts_and_bytes_come_back_whole,
        /// `find` remembers what it read before a change.
        RemembersLate,
    }

    }};
}
