//! The bugs, each under the rule that must catch it. Behind `=>` stand the other rules that may, since they look at the same
//! thing on their way to another; `any` where those are many, or chance has a part.

macro_rules! bugs {
    ($($rule:ident { $($(#[doc = $doc:literal])* $bug:ident $(=> $($also:ident)+)?,)* })*) => {
        /// What a planted store does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($($(#[doc = $doc])* $bug,)*)*
        }

        /// Each bug, the rule that must catch it, and those that may.
        pub const BUGS: &[(Bug, &str, &[&str])] =
            &[$($((Bug::$bug, stringify!($rule), &[$($(stringify!($also)),*)?]),)*)*];
    };
}

bugs! {
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
    a_name_has_one_current_holder {
        /// An issue under a taken name is refused, and written.
        IssuesThoughTaken => of_many_who_want_a_name_one_gets_it,
        /// An expired token holds no name.
        ExpiredHoldNoName,
        /// A successor holds no name.
        SuccessorsHoldNoName,
        /// A revoked token holds its name on.
        RevokedHoldNames,
    }
    a_name_is_free_to_other_owners {
        /// A new token takes the place of another owner's of its name.
        NamesReplaceOthers => any,
        /// A name is held for all owners.
        NamesAreGlobal => any,
    }
    of_many_who_want_a_name_one_gets_it {
        /// Names are judged before the lock.
        NamesRace,
    }
    the_limit_counts_current_unexpired_tokens {
        /// An issue at the limit is refused, and written.
        IssuesThoughFull => the_limit_holds_among_many,
        /// The limit counts what has expired.
        CountsExpired => a_revival_counts revivals_hold_the_limit_among_many,
        /// The limit counts what is in its grace.
        CountsInGrace => a_revival_counts,
        /// The limit counts what is revoked.
        CountsRevoked,
        /// The limit counts all owners' tokens.
        CountsAllOwners =>
            revivals_hold_the_limit_among_many texts_are_compared_byte_by_byte the_limit_holds_among_many,
        /// The limit counts by the clock of this machine.
        CountsByItsOwnClock => a_revival_counts revivals_hold_the_limit_among_many,
    }
    a_revival_counts {
        /// A revival at the limit is refused, and written.
        RevivesThoughFull => revivals_hold_the_limit_among_many,
        /// An extension of an expired token does not count.
        ExtensionsDoNotCount => revivals_hold_the_limit_among_many,
        /// A rotation of an expired token does not count.
        RotationsDoNotCount => revivals_hold_the_limit_among_many,
        /// A rotation of an active token counts once more.
        RotationsCountTwice,
    }
    the_limit_holds_among_many {
        /// Issues are counted before the lock.
        LimitRaces,
    }
    revivals_hold_the_limit_among_many {
        /// Revivals are counted before the lock.
        RevivalsRace,
    }
    an_update_sets_what_was_asked {
        /// An update answers the record as it was.
        UpdatesAnswerTheOld => a_change_is_seen_once_it_returns,
        /// No scopes mean: as they are.
        KeepsScopesForNone => texts_and_bytes_come_back_whole,
        /// No expiry means: as it is.
        KeepsExpiryForNever => revivals_hold_the_limit_among_many,
        /// When the expiry was set is written once.
        KeepsExpirySet => prune_spares_what_is_revived_meanwhile,
        /// An update forgets the notice.
        UpdatesForgetNotices => an_update_undoes_no_claim,
        /// An update forgets the last use.
        UpdatesForgetUses => a_rotation_writes_both_tokens an_update_undoes_no_use,
        /// A new name is written to all tokens of the owner.
        RenamesAll => a_name_has_one_current_holder a_name_is_free_to_other_owners,
        /// An update says that it wrote what stands already.
        SaysItWroteWhatStands => a_revocation_is_final,
    }
    a_refused_change_writes_nothing {
        /// A name is written before the rest is judged.
        WritesNamesFirst => a_name_has_one_current_holder of_many_who_want_a_name_one_gets_it a_revocation_beside_another_change_is_final,
    }
    an_update_undoes_no_claim {
        /// An update writes the notice as it was before the lock.
        UpdatesWriteNotices,
        /// A claim writes the row as it was before the lock.
        ClaimsWriteTheRow,
    }
    an_update_undoes_no_use {
        /// An update writes the last use as it was before the lock.
        UpdatesWriteUses,
    }
    a_rotation_writes_both_tokens {
        /// A rotation answers its predecessor.
        RotationsAnswerThePredecessor,
        /// A successor forgets who asked for it.
        SuccessorsForgetWhoAsked,
        /// A successor forgets its predecessor.
        SuccessorsForgetPredecessors => a_change_is_seen_once_it_returns a_rotation_ends_the_older_grace,
        /// The predecessor is not said to be written.
        DoesNotSayItWroteThePredecessor => a_rotation_ends_the_older_grace,
        /// The predecessor is left as it was.
        LeavesThePredecessor =>
            a_cancelled_change_is_whole_or_nothing a_name_has_one_current_holder a_revival_counts
            a_revocation_ends_the_predecessors_grace a_rotation_ends_the_older_grace of_many_rotations_one_wins a_revocation_beside_another_change_is_final,
    }
    a_rotation_onto_a_taken_id_writes_nothing {
        /// The predecessor is written before it is known whether the id is free.
        WritesThePredecessorFirst,
        /// A successor takes the place of whom it finds.
        SuccessorsReplace,
    }
    a_rotation_ends_the_older_grace {
        /// A rotation looks at its target only.
        RotationsLeaveTheOlderGrace,
    }
    of_many_rotations_one_wins {
        /// Rotations are judged before the lock.
        RotationsRace => a_revocation_beside_another_change_is_final,
    }
    a_cancelled_change_is_whole_or_nothing {
        /// A rotation writes the predecessor, waits, and writes the successor.
        WritesThePredecessorAlone => a_rotation_onto_a_taken_id_writes_nothing revivals_hold_the_limit_among_many a_revocation_beside_another_change_is_final,
        /// A rotation writes the successor, waits, and writes the predecessor.
        WritesTheSuccessorAlone => of_many_rotations_one_wins a_revocation_beside_another_change_is_final,
        /// Revoke all writes one token, waits, and writes the others.
        RevokesOneByOne,
    }
    a_revocation_is_final {
        /// A revocation does not say what it wrote.
        RevocationsSayNothing => a_revocation_ends_the_predecessors_grace,
        /// A revocation answers the record as it was.
        RevocationsAnswerTheOld => a_change_is_seen_once_it_returns,
        /// A second revocation moves the instant.
        RevokesAgain,
        /// Only what is active is revoked.
        RevokesTheActiveOnly => a_revocation_beside_another_change_is_final,
        /// A revoked token is extended.
        ExtendsTheRevoked => a_refused_change_writes_nothing a_revocation_beside_another_change_is_final,
    }
    a_revocation_ends_the_predecessors_grace {
        /// A revocation revokes all of the owner's.
        RevokesAllOfTheOwner =>
            a_name_has_one_current_holder a_revocation_is_final expiring_comes_in_pages pages_neither_skip_nor_repeat a_revocation_beside_another_change_is_final,
        /// A revocation looks at its target only.
        RevocationsLeaveTheOlderGrace,
    }
    a_revocation_beside_another_change_is_final {
        /// Edits are judged before the lock.
        EditsRace => any,
        /// Revoke all is judged before the lock.
        RevokeAllRaces => any,
    }
    revoke_all_reaches_what_could_be_active {
        /// Revoke all spares what has expired.
        RevokeAllSparesTheExpired => a_revocation_beside_another_change_is_final,
        /// Revoke all spares what is in its grace.
        RevokeAllSparesGraces => a_cancelled_change_is_whole_or_nothing a_revocation_beside_another_change_is_final,
        /// Revoke all revokes again, and what has ended for good.
        RevokeAllTakesTheEnded,
        /// Revoke all does not say what it wrote.
        RevokeAllSaysNothing => revoke_all_misses_nothing_that_was_issued texts_are_compared_byte_by_byte,
        /// A change sees the owner's first 50 tokens.
        LooksAtFifty => of_many_who_want_a_name_one_gets_it,
    }
    revoke_all_misses_nothing_that_was_issued {
        /// An issue writes the owner's other tokens as they were before the lock.
        IssuesWriteAll,
        /// Revoke all looks for what it has written once it has written it.
        RevokeAllSaysTooMuch,
    }
    a_taken_id_writes_nothing {
        /// A new token whose id is taken is dropped, and answered as done.
        TakenIdsAreSilent => a_rotation_onto_a_taken_id_writes_nothing of_many_issues_of_an_id_one_wins,
        /// A new token takes the place of whom it finds.
        IssuesReplace => of_many_issues_of_an_id_one_wins,
        /// An id is unique to its owner.
        IdsAreOfOwners => a_rotation_onto_a_taken_id_writes_nothing of_many_issues_of_an_id_one_wins,
        /// A new token whose id is taken gets another.
        TakenIdsAreChanged => a_rotation_onto_a_taken_id_writes_nothing of_many_issues_of_an_id_one_wins,
        /// A new token whose id is taken is there as revoked.
        TakenIdsLeaveARow => of_many_issues_of_an_id_one_wins,
    }
    of_many_issues_of_an_id_one_wins {
        /// Whether an id is free is judged before the lock.
        IdsRace,
    }
    lists_come_newest_first {
        /// The oldest comes first.
        ListsOldestFirst => lists_show_the_states_that_are_asked_for pages_neither_skip_nor_repeat,
        /// Of those of an instant the id decides upwards.
        ListsTiesUpwards => lists_show_the_states_that_are_asked_for pages_neither_skip_nor_repeat,
        /// The limit is taken before the order.
        ListsLimitFirst => pages_neither_skip_nor_repeat,
        /// All owners' tokens are listed.
        ListsAllOwners => any,
    }
    lists_show_the_states_that_are_asked_for {
        /// States are judged by the clock of this machine.
        ListsByTheirOwnClock,
        /// What is in its grace is listed as ended.
        ListsGracesAsEnded,
        /// What is revoked later is listed as active.
        ListsRevokedLater => pages_neither_skip_nor_repeat,
        /// What expires now is listed as active.
        ListsExpiringNow,
        /// A grace that was cut is listed as active before its end.
        ListsCutGraces,
    }
    pages_neither_skip_nor_repeat {
        /// A page begins behind the cursor's instant.
        PagesBehindTheInstant,
        /// A page begins at the cursor.
        PagesAtTheCursor,
        /// A page begins at the top.
        PagesAtTheTop,
        /// A page may be longer by one.
        PagesOfOneMore => lists_come_newest_first,
        /// A page begins behind the cursor's token, where the list still has it.
        PagesBehindTheToken,
        /// The limit is taken before the states.
        ListsStatesLast => lists_show_the_states_that_are_asked_for,
    }
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
    expiring_finds_current_tokens_in_the_window {
        /// The window's beginning is inside.
        WindowWithItsBeginning,
        /// The window's end is outside.
        WindowWithoutItsEnd => a_corrupt_row_is_an_error,
        /// What is revoked is found.
        ExpiringFindsRevoked => expiring_comes_in_pages,
        /// What was rotated away is found.
        ExpiringFindsRotated,
        /// The latest comes first.
        ExpiringLatestFirst => expiring_comes_in_pages,
        /// One owner's tokens are found.
        ExpiringOfOneOwner,
        /// A place to begin at stands for the window's beginning.
        ExpiringTrustsThePlace,
    }
    expiring_comes_in_pages {
        /// A page begins behind the cursor's instant.
        ExpiringBehindTheInstant,
        /// A page begins at the cursor.
        ExpiringAtTheCursor,
        /// There is no limit.
        ExpiringHasNoLimit,
        /// The limit is taken before the order.
        ExpiringLimitFirst,
        /// A page begins behind the cursor's token, where the answer still has it.
        ExpiringBehindTheToken => expiring_finds_current_tokens_in_the_window,
        /// What is revoked takes a place on a page.
        ExpiringRevokedLast,
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
}

/// The bugs that need several tasks at once to be seen.
pub const RACES: &[Bug] = &[
    Bug::RemembersLate,
    Bug::NamesRace,
    Bug::LimitRaces,
    Bug::RevivalsRace,
    Bug::ClaimsWriteTheRow,
    Bug::UpdatesWriteNotices,
    Bug::UpdatesWriteUses,
    Bug::RotationsRace,
    Bug::WritesThePredecessorAlone,
    Bug::WritesTheSuccessorAlone,
    Bug::RevokesOneByOne,
    Bug::EditsRace,
    Bug::RevokeAllRaces,
    Bug::IssuesWriteAll,
    Bug::RevokeAllSaysTooMuch,
    Bug::IdsRace,
    Bug::UsesWriteTheRow,
    Bug::ClaimsRace,
    Bug::PruneRaces,
    Bug::UpdatesInsert,
    Bug::UpdatesOfNothingAreDone,
];
