import pytest

from pfa_gitops.model.secret_names import names_secret

SECRET = (
    "password DB_PASSWORD dbPassword db-password PG_PWD token GITHUB_TOKEN accessToken api_key apiKey api-key API_KEY "
    "AWS_SECRET_ACCESS_KEY client_secret credentials"
)
OTHER = (
    "key primary_key tokens max_tokens token_limit secret_name secret AWS_ACCESS_KEY_ID password_policy monkey "
    "tokenizer public_key passwords_seen"
)


@pytest.mark.parametrize("name", [*SECRET.split(), "private key"])
def test_a_name_that_ends_as_a_secrets(name):
    assert names_secret(name)


@pytest.mark.parametrize("name", [*OTHER.split(), ""])
def test_a_name_that_only_sounds_alike(name):
    assert not names_secret(name)
