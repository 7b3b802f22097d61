//! Bugs in `touch`, `claim_notice` and `prune`, and in what is done with corrupt rows.

macro_rules! writes {
    ($next:ident $($then:ident)*; $($before:tt)*) => { $next! { $($then)*; $($before)*

    last_use_moves_forward_only {
        /// The later write wins.
        UsesMoveBack,
    }
    last_use_heeds_the_resolution {
        /// Each later use is written.
        IgnoresTheResolution,
        /// The resolution is cut to microseconds.
        CutsTheResolution,
        /// Spans are compared in whole seconds.
        ComparesSeconds,
        /// A use exactly a resolution later is not written.
        WantsMoreThanTheResolution,
        /// Before the first use stands 1970.
        FirstUseHeedsTheResolution,
    }
    a_use_of_a_token_that_is_gone_is_no_error {
        /// A use of nothing is an error.
        UsesOfNothingFail,
        /// What stands behind a use of nothing is not written.
        UsesStopAtNothing,
        /// The first 500 uses are written.
        UsesAreCut,
        /// A use of nothing makes a row.
        UsesMakeRows,
    }
    a_use_writes_nothing_else {
        /// A use forgets the notice.
        UsesForgetNotices,
        /// A use extends.
        UsesExtend,
        /// A use revives.
        UsesRevive => a_racing_use_undoes_no_change,
        /// A use of a token that is not active is not written.
        UsesOfTheActiveOnly,
        /// A use is written to all of the owner's tokens.
        UsesOfAll,
    }
    a_racing_use_undoes_no_change {
        /// A use writes the row as it was before the lock.
        UsesWriteTheRow => an_update_undoes_no_use,
    }
    a_notice_is_claimed_by_comparing {
        /// A claim that fails says that it won.
        ClaimsSayYes => of_many_claims_one_wins,
        /// A claim compares nothing.
        ClaimsCompareNothing => of_many_claims_one_wins,
        /// Nothing is not equal to nothing.
        NothingIsNotNothing => an_update_undoes_no_claim of_many_claims_one_wins,
        /// A claim moves forward only.
        ClaimsMoveForward,
        /// A claim of what has ended fails.
        ClaimsOfTheCurrentOnly,
        /// A claim of what stands already fails.
        ClaimsWantAnotherInstant,
        /// A claim forgets the last use.
        ClaimsForgetUses,
        /// A claim sets all of the owner's.
        ClaimsSetAll,
    }
    of_many_claims_one_wins {
        /// A claim compares before the lock.
        ClaimsRace,
    }
    prune_deletes_what_ended_before {
        /// `prune` says what it would delete.
        PruneOnlySays => any,
        /// The expiry alone counts.
        PrunesTheExpired,
        /// The last of what ends a token counts.
        PrunesByTheLastEnd,
        /// `prune` does not say whose it deleted.
        PruneNamesNoOwner => a_corrupt_row_is_an_error prune_keeps_to_its_bound,
        /// What is deleted is hidden, and keeps its id.
        PruneHides,
    }
    prune_spares_what_ended_later {
        /// What ended at the instant goes too.
        PrunesAtTheInstant,
        /// What was rotated away goes, its grace notwithstanding.
        PrunesGraces,
    }
    prune_never_deletes_what_nothing_ends {
        /// What is old goes.
        PrunesTheOld,
        /// What was not used for long goes.
        PrunesTheUnused,
    }
    prune_keeps_to_its_bound {
        /// `prune` deletes more than it says.
        PruneSaysTooLittle => any,
        /// There is no bound.
        PruneHasNoBound,
        /// At most none means: no bound.
        PruneTakesNoneForAll,
        /// `prune` says more than it deleted.
        PruneSaysTooMuch,
        /// What `prune` looks at counts, not what it deletes.
        PruneCountsWhatStays => any,
    }
    prune_spares_what_is_revived_meanwhile {
        /// What is to be deleted is chosen before the lock.
        PruneRaces => an_update_that_lost_its_row_is_refused,
    }
    an_update_that_lost_its_row_is_refused {
        /// An update whose row was deleted meanwhile inserts it.
        UpdatesInsert,
        /// An update whose row was deleted meanwhile answers that it is done.
        UpdatesOfNothingAreDone => prune_spares_what_is_revived_meanwhile,
    }
    a_corrupt_row_is_an_error {
        /// `find` finds nothing.
        FindSkipsCorrupt,
        /// `find` finds a record with another name.
        FindMendsCorrupt,
        /// `get` finds nothing.
        GetSkipsCorrupt,
        /// A list goes without.
        ListsSkipCorrupt,
        /// `expiring` goes without.
        ExpiringSkipsCorrupt,
        /// A change finds nothing.
        ChangesSkipCorrupt,
        /// A change goes by what it can read.
        ChangesMendCorrupt,
        /// The store says that it is unavailable.
        CorruptIsUnavailable,
        /// A use of it is an error.
        UsesOfCorruptFail,
        /// It keeps other uses from being written.
        UsesStopAtCorrupt,
        /// It keeps the owner's other tokens from being revoked.
        RevocationsStopAtCorrupt,
        /// It keeps its successor from being revoked.
        RevocationsReadThePredecessor,
        /// It keeps revoke all from reaching the others.
        RevokeAllStopsAtCorrupt,
        /// It is pruned.
        PrunesCorrupt,
        /// It keeps others from being pruned.
        PruneStopsAtCorrupt,
    }

    }};
}
