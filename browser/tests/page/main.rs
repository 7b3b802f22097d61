//! The page in Chromium, one file a behaviour. `scripts/test` installs what these tests want.

mod a_revoked_token_is_refused_at_once;
mod a_rotation_has_a_grace_that_can_be_ended;
mod a_token_is_copied_on_plain_http_too;
mod tokens_are_generated_with_and_without_an_expiry;
mod tokens_are_renamed_extended_and_revived;
mod what_is_wrong_is_said_at_its_field;
