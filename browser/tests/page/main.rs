//! The page in Chromium, one file a behaviour. `scripts/test` installs what these tests want.

#[path = "../../../tests/common/shop_process.rs"]
mod shop_process;

mod a_date_ends_with_the_day_of_the_person;
mod a_double_click_makes_one_token;
mod a_revoked_token_is_refused_at_once;
mod a_rotation_has_a_grace_that_can_be_ended;
mod a_token_is_copied_on_plain_http_too;
mod a_token_is_shown_once;
mod all_of_it_goes_by_keyboard;
mod every_view_fits_small_and_dark_screens;
mod five_hundred_tokens_come_in_pages;
mod hosts_choose_name_and_colours;
mod it_works_wherever_it_is_mounted;
mod markup_is_shown_as_text;
mod people_do_what_they_may;
mod the_form_offers_what_the_policy_allows;
mod the_openapi_document_is_true;
mod the_rarer_views_fit_too;
mod the_shop_from_sign_in_to_a_revoked_token;
mod tokens_are_generated_with_and_without_an_expiry;
mod tokens_are_renamed_extended_and_revived;
mod what_fails_is_said_and_can_be_tried_again;
mod what_is_wrong_is_said_at_its_field;
mod without_a_scope_list_the_form_is_name_and_expiry;
