"""The frame of every page: navigation, lists, forms, results and the sign-in."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "administration": "Administration",
    "skip": "Skip to the content",
    "navigation": "Pages",
    "sign_in": "Sign in",
    "sign_in_about": "For administrators of this server.",
    "sign_out": "Sign out",
    "username": "Username",
    "password": "Password",
    "signed_in_as": "Signed in as {name}",
    "language": "Language",
    "needs_https": "This page came over plain HTTP, so you can't sign in here. Open it over HTTPS:",
    "page_too_old": "This page is too old, and nothing was changed. Try again.",
    "filter": "Filter",
    "apply": "Apply",
    "clear": "Clear",
    "next": "Next",
    "previous": "Previous",
    "first_page": "To the first page",
    "more_pages": "More pages",
    "back": "Back",
    "cancel": "Cancel",
    "save": "Save",
    "copy": "Copy",
    "copied": "Copied",
    "never": "never",
    "none": "none",
    "form_has_errors": "Some fields need your attention.",
    "show_all": "Show all",
}
