"""Staff posts and what they may do."""

from auth.people import Organisation, Permission, Person, Staff, same_name


def test_a_post_may_do_what_it_was_given_and_nothing_else() -> None:
    person = Person("p", "Rut", "Söderlind", "Rut Söderlind")
    organisation = Organisation("nordvik", "Nordviks kommun", "kommun", "0980-31 92 10")
    staff = Staff("s", person, organisation, "Logggranskare", "Kansliet", frozenset({Permission.AUDITOR}))
    assert staff.may(Permission.AUDITOR)
    assert not staff.may(Permission.HOST)


def test_names_of_organisations_are_compared_as_they_are_read() -> None:
    for other in ("NORDVIKS KOMMUN", " Nordviks \u00a0kommun", "Ｎordviks kommun", "nordviks\tkommun"):
        assert same_name("Nordviks kommun", other)
    assert same_name("A\u030angsjo", "Ångsjo")
    assert not same_name("Nordviks kommun", "Nordvik kommun")
    assert not same_name("Älvsunds kommun", "Alvsunds kommun")
