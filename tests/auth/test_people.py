"""Staff posts and what they may do."""

from auth.people import Organisation, Permission, Person, Staff


def test_a_post_may_do_what_it_was_given_and_nothing_else() -> None:
    person = Person("p", "Rut", "Söderlind", "Rut Söderlind")
    organisation = Organisation("nordvik", "Nordviks kommun", "kommun", "0980-31 92 10")
    staff = Staff("s", person, organisation, "Logggranskare", "Kansliet", frozenset({Permission.AUDITOR}))
    assert staff.may(Permission.AUDITOR)
    assert not staff.may(Permission.HOST)
