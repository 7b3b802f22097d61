//! The rules: a function each, by their topics, and the list of them.

use std::sync::Arc;

use crate::store::TokenStore;

use super::kit::Kit;
use super::rule::{Judgement, Rule};
use super::violation::Broken;
use super::{
    Corrupt, Subject, Violation, corrupt, expiring, ids, last_use, limits, lists, names, prune, reads, records,
    revocation, rotation, updates,
};

/// The list of rules, each by the topic whose file has it: a function for each, [`RULES`], and the tests.
macro_rules! rules {
    ($d:tt $($topic:ident { $($(#[doc = $doc:literal])* $rule:ident,)* })*) => {
        $($(
            $(#[doc = $doc])*
            ///
            /// Wants a Tokio runtime.
            ///
            /// # Errors
            /// [`Violation`] if the store breaks the rule.
            pub async fn $rule(store: Arc<dyn TokenStore>) -> Result<(), Violation> {
                let outcome = $topic::$rule(&Kit::new(store)).await;
                outcome.map_err(|broken| Violation::new(stringify!($rule), broken))
            }
        )*)*

        /// Every rule.
        pub const RULES: &[Rule] = &[
            $($(Rule {
                name: stringify!($rule),
                check: |subject| Box::pin(async move {
                    let Subject { store, corrupt: _lasts } = subject;
                    $rule(store).await.map(|()| Judgement::Held)
                }),
            },)*)*
            CORRUPT_ROWS,
        ];

        /// Makes a test of each rule of [`TokenStore`](crate::store::TokenStore)'s contract, for the store that the
        /// factory makes: a function or closure without arguments whose future answers a store or a
        /// [`Subject`](crate::store::conformance::Subject). Feature `conformance`.
        ///
        /// See [`store::conformance`](crate::store::conformance).
        #[macro_export]
        macro_rules! conformance_tests {
            ($d factory:expr $d(,)?) => {
                $($(
                    #[test]
                    fn $rule() -> ::core::result::Result<(), $d crate::store::conformance::Violation> {
                        $d crate::store::conformance::rules::named(stringify!($rule))?.run($d factory)
                    }
                )*)*

                #[test]
                fn a_corrupt_row_is_an_error() -> ::core::result::Result<(), $d crate::store::conformance::Violation> {
                    $d crate::store::conformance::rules::named("a_corrupt_row_is_an_error")?.run($d factory)
                }
            };
        }
    };
}

rules! { $
    records {
        /// Texts and bytes come back as they were given: owners, names and actors of 255 bytes, of four-byte UTF-8, from
        /// right to left, with quotes; a hundred scopes of 255 bytes; ids and digests with any bytes (failures 10).
        texts_and_bytes_come_back_whole,
        /// Instants come back to the microsecond, from year 1 to year 9999 (failures 15).
        instants_are_exact,
        /// Each optional field comes back present where it was present, and absent where it was absent (failures 17).
        optional_fields_come_back_present_and_absent,
        /// Owners and names that look alike, or that a collation takes for equal, are not (failures 8, 34).
        texts_are_compared_byte_by_byte,
    }
    reads {
        /// Expired, revoked and rotated records are found too.
        ended_records_are_found,
        /// An id that is not there finds nothing, however close it is to one that is.
        unknown_ids_find_nothing,
        /// Another owner's token is not found, by nothing that names an owner, and no change of another's reaches it
        /// (failures 33).
        another_owners_token_is_not_found,
        /// Once a change has returned, everything that is asked answers what it wrote.
        a_change_is_seen_once_it_returns,
        /// What `find_cached` and `find` answer is no older than a change that has returned: of every token that it
        /// wrote, also if it was looked up before or meanwhile (failures 19).
        what_is_cached_is_no_older_than_a_change,
    }
    names {
        /// A name has one current holder, an expired one included; a revocation, a rotation and a rename give it up.
        a_name_has_one_current_holder,
        /// A name is taken from nobody but the same owner.
        a_name_is_free_to_other_owners,
        /// Of many issues and renames at once, one gets the name.
        of_many_who_want_a_name_one_gets_it,
    }
    limits {
        /// The limit counts the owner's current tokens that are unexpired at the change's instant.
        the_limit_counts_current_unexpired_tokens,
        /// An expired token that is extended or rotated counts; one that was active does not count again.
        a_revival_counts,
        /// Of many issues at once, the limit lets through as many as it says.
        the_limit_holds_among_many,
        /// Of many extensions and rotations of expired tokens at once, the limit lets through as many as it says.
        revivals_hold_the_limit_among_many,
    }
    updates {
        /// An update sets name, scopes and expiry, as asked, and nothing else.
        an_update_sets_what_was_asked,
        /// A change that is refused has written nothing.
        a_refused_change_writes_nothing,
        /// An update undoes no `claim_notice` that was made meanwhile, nor a claim an update.
        an_update_undoes_no_claim,
        /// An update undoes no `touch` that was made meanwhile.
        an_update_undoes_no_use,
    }
    rotation {
        /// A rotation writes the successor and the predecessor, in full.
        a_rotation_writes_both_tokens,
        /// A rotation whose successor's id is taken writes neither.
        a_rotation_onto_a_taken_id_writes_nothing,
        /// A rotation ends the grace of the token before.
        a_rotation_ends_the_older_grace,
        /// Of many rotations of a token at once, one wins, and there is one successor.
        of_many_rotations_one_wins,
        /// A change whose future is dropped is made whole, or not at all.
        a_cancelled_change_is_whole_or_nothing,
    }
    revocation {
        /// A token is revoked in any state, once: the first instant stays, and nothing undoes it.
        a_revocation_is_final,
        /// A revocation ends the grace of the token before.
        a_revocation_ends_the_predecessors_grace,
        /// A revocation, of one or of all, stands whatever update or rotation is made beside it, and each of the two is
        /// as it was answered (failures 33).
        a_revocation_beside_another_change_is_final,
        /// Revoke all reaches what is or could become active, says which, and reaches nothing else.
        revoke_all_reaches_what_could_be_active,
        /// What was issued before revoke all began is revoked once it returns, whatever is issued meanwhile.
        revoke_all_misses_nothing_that_was_issued,
    }
    ids {
        /// An issue under an id that is taken, by whatever owner, writes nothing.
        a_taken_id_writes_nothing,
        /// Of many issues under one id at once, by different owners, one wins.
        of_many_issues_of_an_id_one_wins,
    }
    lists {
        /// A list holds the owner's tokens and no others, newest first, then by id.
        lists_come_newest_first,
        /// A list shows the states that are asked for, at the instant that is given.
        lists_show_the_states_that_are_asked_for,
        /// Page by page each token comes once, whatever is issued and changed meanwhile.
        pages_neither_skip_nor_repeat,
    }
    last_use {
        /// `last_used` never moves back.
        last_use_moves_forward_only,
        /// `last_used` is written where it is at least the resolution older, to the microsecond.
        last_use_heeds_the_resolution,
        /// Uses of tokens that are gone are no error, and keep no other use from being written.
        a_use_of_a_token_that_is_gone_is_no_error,
        /// A use writes `last_used` and nothing else.
        a_use_writes_nothing_else,
        /// Uses beside a revocation do not undo it.
        a_racing_use_undoes_no_change,
    }
    expiring {
        /// `expiring` finds the current tokens of all owners in the window, soonest first; its beginning is outside, its
        /// end inside.
        expiring_finds_current_tokens_in_the_window,
        /// Page by page each token comes once.
        expiring_comes_in_pages,
        /// `claim_notice` sets `noticed` where it stands as said, and writes nothing else.
        a_notice_is_claimed_by_comparing,
        /// Of many claims at once, one wins.
        of_many_claims_one_wins,
    }
    prune {
        /// `prune` deletes what ended before the instant, by revocation, end of grace or expiry, whichever came first,
        /// and says which.
        prune_deletes_what_ended_before,
        /// `prune` spares what ended at the instant or later.
        prune_spares_what_ended_later,
        /// `prune` never deletes what nothing ends.
        prune_never_deletes_what_nothing_ends,
        /// `prune` deletes no more than it may.
        prune_keeps_to_its_bound,
        /// An expired token that was extended, so the answer said, is there, also beside a `prune`.
        prune_spares_what_is_revived_meanwhile,
        /// An update of a token that was pruned meanwhile is refused, and brings nothing back.
        an_update_that_lost_its_row_is_refused,
    }
}

const CORRUPT_ROWS: Rule = Rule {
    name: "a_corrupt_row_is_an_error",
    check: |subject| {
        Box::pin(async move {
            let Some(corrupt) = subject.corrupt else {
                return Ok(Judgement::Skipped("the factory says no way to corrupt a row: Subject::corrupted_by"));
            };
            a_corrupt_row_is_an_error(subject.store, corrupt).await.map(|()| Judgement::Held)
        })
    },
};

/// A row that cannot be read is a [`StoreError::Corrupt`](crate::StoreError::Corrupt), of whatever asks for it; it
/// keeps no other token's use from being written, and none of the owner's from being revoked (failures 9).
///
/// Wants a Tokio runtime.
///
/// # Errors
/// [`Violation`] if the store breaks the rule.
pub async fn a_corrupt_row_is_an_error(store: Arc<dyn TokenStore>, corrupt: Corrupt) -> Result<(), Violation> {
    let outcome = corrupt::a_corrupt_row_is_an_error(&Kit::new(store), &corrupt).await;
    outcome.map_err(|broken| Violation::new(CORRUPT_ROWS.name, broken))
}

/// For [`conformance_tests!`](crate::conformance_tests).
///
/// # Errors
/// [`Violation`] if no rule has this name.
#[doc(hidden)]
pub fn named(name: &'static str) -> Result<Rule, Violation> {
    let found = RULES.iter().find(|rule| rule.name == name).copied();
    found.ok_or_else(|| Violation::new(name, Broken::new("the list of rules", "a rule of this name", "none")))
}
