//! Bugs in changes: names, limits, updates, rotations, revocations, ids.

macro_rules! changes {
    ($next:ident $($then:ident)*; $($before:tt)*) => { $next! { $($then)*; $($before)*

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
        WritesNamesFirst =>
            a_name_has_one_current_holder of_many_who_want_a_name_one_gets_it
            a_revocation_beside_another_change_is_final,
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
            a_revocation_ends_the_predecessors_grace a_rotation_ends_the_older_grace of_many_rotations_one_wins
            a_revocation_beside_another_change_is_final,
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
        WritesThePredecessorAlone =>
            a_rotation_onto_a_taken_id_writes_nothing revivals_hold_the_limit_among_many
            a_revocation_beside_another_change_is_final,
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
            a_name_has_one_current_holder a_revocation_is_final expiring_comes_in_pages
            pages_neither_skip_nor_repeat a_revocation_beside_another_change_is_final,
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

    }};
}
