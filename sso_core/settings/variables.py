"""Every setting there is: its environment variable, its place in a TOML file, and what it means.

Reading, the search for misspelt names and the table in the docs go by these rows alone, so that none of them can know
a setting that the others do not.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Variable:
    """One setting. `key` is table and member of a TOML file, if it has a place there; `default` is said, not read.

    Of a provider, the table is `[[provider]]` with the first part of the key as its `kind`.
    """

    name: str
    key: str
    meaning: str
    default: str = ""
    restricts: bool = False
    """Whether it keeps people out. Misspelt, empty or left where nobody looks, everybody would come in."""
    secret: bool = False

    @property
    def table(self) -> str:
        """The table of a TOML file, or the kind of provider, that it belongs to."""
        return self.key.partition(".")[0]

    @property
    def member(self) -> str:
        """Its name within that table."""
        return self.key.partition(".")[2]


PROVIDER_KINDS = ("google", "microsoft", "generic")
"""In the order in which the environment's one provider is looked for."""

V = Variable

_SERVICE = (
    V("PROXY_BASE_URL", "service.base_url", "the address under which people reach the service; https, except on the "
      "loopback", "where it listens"),
    V("SERVER_ROOT_PATH", "service.root_path", "the path below which the service is mounted, if the address lacks it"),
    V("DATABASE_URL", "service.database_url", "where accounts lie: `postgresql://` or `sqlite:///`",
      "SQLite in the data folder", secret=True),
    V("REDIS_URL", "service.redis_url", "where sessions and pending logins lie: `redis://` or `rediss://`",
      "beside the accounts", secret=True),
    V("SSO_DATA_DIR", "service.data_dir", "the folder of the SQLite files", "sso-data"),
    V("SSO_SEALING_KEYS", "service.sealing_keys", "base64url of 32 random bytes each, the newest first: pending logins "
      "travel sealed in the cookie", secret=True),
    V("SSO_SESSION_KEYS", "service.session_keys", "the same for sessions: a made-up identifier never reaches the store",
      "made in the data folder; needed with PostgreSQL", secret=True),
    V("SSO_INSTANCES", "service.instances", "how many machines or containers serve the address", "1"),
    V("WEB_CONCURRENCY", "service.workers", "how many processes serve it on each", "1"),
    V("SSO_LANDING_PATH", "service.landing_path", "where people go after sign-in who were on the way to nowhere", "/"),
    V("SSO_ANNOUNCE_LOGIN", "service.announce_login", "add `?login=success` there", "false"),
    V("SSO_LOGIN_TTL", "service.login_ttl", "seconds a person has to sign in at the provider", "600"),
    V("SSO_SESSION_TTL", "service.session_ttl", "seconds a session lasts, 366 days at most", "28800"),
    V("SSO_ACCOUNT_CHECK_INTERVAL", "service.account_check_interval", "seconds that a session is believed before its "
      "account is read again: who was shut out is out by then, role and teams are those of now; 0: each time", "300"),
    V("SSO_LEEWAY", "service.leeway", "seconds that the provider's clock may be off, 300 at most", "30"),
    V("SSO_PASSWORD_SIGN_IN", "service.password_sign_in", "let the host's own function check names and passwords; a "
      "provider is not needed then", "false"),
    V("SSO_HEADER_PROXIES", "service.header_proxies", "networks of the proxies whose headers the host's own function "
      "may turn into a person"),
    V("SSO_ADDRESS_PROXIES", "service.address_proxies", "networks of the reverse proxies whose `X-Forwarded-For` says "
      "where people come from; without it, all come from the proxy's own address"),
    V("DISABLE_ADMIN_UI", "service.ui_disabled", "sign nobody in", "false", restricts=True),
    V("SSO_DEBUG_PAGE", "service.debug_page", "let administrators sign in to a page that tells what the provider said",
      "false"),
    V("SSO_DEBUG_FOR_ANYBODY_UNSAFE", "service.debug_for_anybody_unsafe", "show that page to whoever can sign in at "
      "the provider", "false"),
    V("SSO_CLI", "cli.enabled", "let people sign in from their command line", "true", restricts=True),
    V("LITELLM_CLI_JWT_EXPIRATION_HOURS", "cli.session_hours", "hours a command line stays signed in", "24"),
    V("SSO_LIMIT_WINDOW", "limits.window", "seconds within which tries are counted, a day at most", "600"),
    V("SSO_LIMIT_PASSWORDS", "limits.passwords", "tries of a password for one name from one address", "10"),
    V("SSO_LIMIT_PASSWORDS_PER_ADDRESS", "limits.passwords_per_address", "the same from one address, for all names",
      "100"),
    V("SSO_LIMIT_PASSWORDS_PER_NAME", "limits.passwords_per_name", "the same for one name, from everywhere; more than "
      "from one address, or a stranger could keep its person out", "200"),
    V("SSO_LIMIT_CLI_STARTS_PER_ADDRESS", "limits.cli_starts_per_address", "command lines that begin to sign in, from "
      "one address", "60"),
    V("SSO_LIMIT_CLI_CODES_PER_ADDRESS", "limits.cli_codes_per_address", "codes of command lines that are typed, right "
      "or wrong, from one address", "60"),
    V("SSO_KEY_HOLDERS", "keys.holders", "who may have personal keys: `nobody`, `admins` or `everybody`", "nobody"),
    V("SSO_KEY_TTL", "keys.ttl", "seconds that a personal key is good for at most", "7776000"),
    V("SSO_REFERENCE_TOKEN_SECRET", "reference_token.secret", "set the cookie by which the reference's user interface "
      "knows who signed in, signed with these 32 bytes or more", secret=True),
    V("SSO_REFERENCE_TOKEN_COOKIE", "reference_token.cookie", "its name", "token"),
    V("SSO_REFERENCE_TOKEN_PREMIUM_USER", "reference_token.premium_user", "what it says of the host", "false"),
    V("SSO_REFERENCE_TOKEN_AUTH_HEADER", "reference_token.auth_header", "the header that it names for keys",
      "Authorization"),
    V("SSO_REFERENCE_TOKEN_READABLE_UNSAFE", "reference_token.readable_by_scripts_unsafe", "let scripts of the page "
      "read it, as that interface does", "false"),
    V("SSO_REFERENCE_TOKEN_KEY_UNSAFE", "reference_token.user_token_as_key_unsafe", "put a token of the person into it "
      "that opens a host which takes such tokens", "false"),
    V("PROXY_LOGOUT_URL", "ui.logout_url", "where the user interface leads to sign out"),
    V("LITELLM_UI_API_DOC_BASE_URL", "ui.api_doc_base_url", "the address that the user interface shows for its API"),
    V("PROXY_DEFAULT_TEAM_DISABLED", "ui.default_team_disabled", "hide the default team in the user interface",
      "false"),
)  # fmt: skip

_ACCESS = (
    V("ALLOWED_EMAIL_DOMAINS", "access.email_domains", "the domains whose people may come in, by verified e-mail "
      "address", "all", restricts=True),
    V("SSO_UNVERIFIED_EMAIL_DOMAINS_UNSAFE", "access.unverified_email_domains_unsafe", "take addresses for that which "
      "the provider has not verified", "false"),
    V("SSO_RESTRICTED_GROUP", "access.restricted_group", "the one group whose people may come in", restricts=True),
    V("SSO_GROUP_JWT_FIELD", "access.group_claim", "the claim that lists a person's groups for that", restricts=True),
    V("SSO_ACCESS_MODE", "access.mode", "`everybody`, or `admin_only` for administrators", "everybody",
      restricts=True),
    V("SSO_SEATS", "access.seats", "how many accounts there may be", "no limit", restricts=True),
    V("SSO_NEW_ACCOUNTS", "access.new_accounts", "give an account to people who have none", "true", restricts=True),
    V("PROXY_ADMIN_ID", "access.admin_id", "the subject, or the id of the account, that is always an administrator"),
    V("SSO_ADMIN_ISSUER", "access.admin_issuer", "the issuer whose subject that is; needed where there are "
      "several providers"),
    V("SSO_ADMIN_ID_MATCHES_HANDLE_UNSAFE", "access.admin_id_matches_handle_unsafe", "let a handle count as that id "
      "too", "false"),
    V("SSO_LINKING", "access.linking", "lead unknown people to the account with their address: `never`, "
      "`verified_email` or `any_email_unsafe`", "never"),
    V("SSO_ROLE_PRECEDENCE", "access.role_precedence", "whose word on roles counts: `provider` or `directory`",
      "provider"),
    V("DEFAULT_INTERNAL_USER_PARAMS", "accounts.defaults", "what new accounts get: a dictionary of `user_role`, "
      "`models`, `max_budget`, `budget_duration`, `teams`"),
    V("MAX_INTERNAL_USER_BUDGET", "accounts.max_budget", "the budget of people in the budgeted role"),
    V("INTERNAL_USER_BUDGET_DURATION", "accounts.budget_duration", "after which time it starts anew, such as `30d`"),
    V("SSO_TEAM_SYNC", "teams.sync", "what becomes of memberships that the provider no longer names: "
      "`add_and_remove`, `add_only` or `off`", "add_and_remove"),
    V("SSO_CREATE_TEAMS", "teams.create", "make teams that claims name and that do not exist", "false"),
    V("DEFAULT_TEAM_PARAMS", "teams.defaults", "what those get: a dictionary of `models`, `max_budget`, "
      "`budget_duration`, `tpm_limit`, `rpm_limit`"),
)  # fmt: skip

_GOOGLE = (
    V("GOOGLE_CLIENT_ID", "google.client_id", "the registration at Google"),
    V("GOOGLE_CLIENT_SECRET", "google.client_secret", "its secret", secret=True),
    V("GOOGLE_HOSTED_DOMAINS", "google.hosted_domains", "the organisations whose people may sign in", "all",
      restricts=True),
)  # fmt: skip

_MICROSOFT = (
    V("MICROSOFT_CLIENT_ID", "microsoft.client_id", "the registration at Entra"),
    V("MICROSOFT_CLIENT_SECRET", "microsoft.client_secret", "its secret", secret=True),
    V("MICROSOFT_TENANT", "microsoft.tenant", "the tenant's id, or `common`, `organizations`, `consumers`, a domain"),
    V("MICROSOFT_TENANTS", "microsoft.tenants", "the ids of the tenants whose people may sign in, where the tenant is "
      "no id", restricts=True),
    V("MICROSOFT_SERVICE_PRINCIPAL_ID", "microsoft.service_principal_id", "let only groups count that are assigned to "
      "this one, and make them teams", restricts=True),
    V("MICROSOFT_GROUPS", "microsoft.groups", "`transitive`, `direct`, or `off` to ask for no groups", "transitive"),
    V("MICROSOFT_GROUPS_INCOMPLETE", "microsoft.groups_incomplete", "where groups cannot all be read: `refuse`, or "
      "`keep` those that were", "refuse"),
    V("MICROSOFT_SCOPE", "microsoft.scope", "what is asked for", "openid profile email User.Read"),
    V("MICROSOFT_AUTHORIZATION_ENDPOINT", "microsoft.authorization_endpoint", "in place of Entra's own"),
    V("MICROSOFT_TOKEN_ENDPOINT", "microsoft.token_endpoint", "in place of Entra's own"),
    V("MICROSOFT_USERINFO_ENDPOINT", "microsoft.userinfo_endpoint", "in place of Graph's `/me`"),
    V("MICROSOFT_LOGIN_URL", "microsoft.login_url", "Entra in a national cloud", "https://login.microsoftonline.com"),
    V("MICROSOFT_GRAPH_URL", "microsoft.graph_url", "Graph in a national cloud", "https://graph.microsoft.com/v1.0"),
    V("MICROSOFT_LOGOUT_AT_PROVIDER", "microsoft.logout_at_provider", "send whoever signs out here on to sign out at "
      "Entra", "false"),
    V("MICROSOFT_USER_ID_ATTRIBUTE", "microsoft.user_id_attribute", "what people are known by", "id"),
    V("MICROSOFT_USER_EMAIL_ATTRIBUTE", "microsoft.user_email_attribute", "their address where Entra vouches for none",
      "userPrincipalName"),
    V("MICROSOFT_USER_DISPLAY_NAME_ATTRIBUTE", "microsoft.user_display_name_attribute", "their name", "displayName"),
    V("MICROSOFT_USER_FIRST_NAME_ATTRIBUTE", "microsoft.user_first_name_attribute", "their first name", "givenName"),
    V("MICROSOFT_USER_LAST_NAME_ATTRIBUTE", "microsoft.user_last_name_attribute", "their last name", "surname"),
)  # fmt: skip

_GENERIC = (
    V("GENERIC_CLIENT_ID", "generic.client_id", "the registration at the provider"),
    V("GENERIC_CLIENT_SECRET", "generic.client_secret", "its secret", secret=True),
    V("GENERIC_CLIENT_AUTHENTICATION", "generic.client_authentication", "`client_secret_basic`, `client_secret_post`, "
      "or `none` for a public client", "client_secret_basic"),
    V("GENERIC_INCLUDE_CLIENT_ID", "generic.include_client_id", "the same as `client_secret_post`", "false"),
    V("GENERIC_ISSUER", "generic.issuer", "an OpenID Connect provider, by discovery"),
    V("GENERIC_AUTHORIZATION_ENDPOINT", "generic.authorization_endpoint", "instead of the issuer: plain OAuth 2.0"),
    V("GENERIC_TOKEN_ENDPOINT", "generic.token_endpoint", "as above"),
    V("GENERIC_USERINFO_ENDPOINT", "generic.userinfo_endpoint", "as above"),
    V("GENERIC_NAMESPACE", "generic.namespace", "what makes a plain provider's subjects unique; never change it. With "
      "an issuer: what it was before, so that people keep the accounts that they have there",
      "the origin of its token endpoint; with an issuer none"),
    V("GENERIC_SUBJECT_CLAIM", "generic.subject_claim", "the claim that is a plain provider's subject", "sub"),
    V("GENERIC_LABEL", "generic.label", "what people know the provider by"),
    V("GENERIC_SCOPE", "generic.scope", "what is asked for, separated by blanks", "openid email profile"),
    V("GENERIC_RESPONSE_MODE", "generic.response_mode", "`query` or `form_post`", "query"),
    V("GENERIC_USERINFO", "generic.userinfo", "`preferred`, `required` or `unused`, at a provider with an issuer",
      "preferred"),
    V("GENERIC_MAX_AGE", "generic.max_age", "seconds since the person last proved who they are, at most"),
    V("GENERIC_LOGOUT_AT_PROVIDER", "generic.logout_at_provider", "send whoever signs out here on to sign out at a "
      "provider with an issuer", "false"),
    V("GENERIC_SSO_HEADERS", "generic.headers", "further headers to the token and userinfo endpoints: `k=v,k2=v2`",
      secret=True),
    V("GENERIC_VERIFIED_EMAIL_REQUIRED", "generic.verified_email_required", "let only people in whose address the "
      "provider has verified", "false", restricts=True),
    V("GENERIC_EMAIL_IS_VERIFIED", "generic.email_is_verified", "the provider vouches for addresses without saying so",
      "false"),
    V("GENERIC_ACCESS_TOKEN_CLAIMS", "generic.access_token_claims", "whether the access token tells roles and teams: "
      "`ignored`, `verified` or `unverified_unsafe`", "ignored"),
    V("GENERIC_ACCESS_TOKEN_AUDIENCE", "generic.access_token_audience", "for whom it must be, to be verified"),
    V("GENERIC_USER_ID_ATTRIBUTE", "generic.user_id_attribute", "the claim that people are known by; accounts go by "
      "the subject", "sub"),
    V("GENERIC_USER_EMAIL_ATTRIBUTE", "generic.user_email_attribute", "their e-mail address", "email"),
    V("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE", "generic.user_display_name_attribute", "their name", "the best there is"),
    V("GENERIC_USER_FIRST_NAME_ATTRIBUTE", "generic.user_first_name_attribute", "their first name",
      "first_name, else given_name"),
    V("GENERIC_USER_LAST_NAME_ATTRIBUTE", "generic.user_last_name_attribute", "their last name",
      "last_name, else family_name"),
    V("GENERIC_USER_PROVIDER_ATTRIBUTE", "generic.user_provider_attribute", "who vouches for them behind the provider",
      "provider"),
    V("GENERIC_USER_ROLE_ATTRIBUTE", "generic.user_role_attribute", "their role", "role"),
    V("GENERIC_USER_EXTRA_ATTRIBUTES", "generic.user_extra_attributes", "further claims that the host wants to see"),
    V("GENERIC_TEAM_IDS_ATTRIBUTE", "generic.team_ids_attribute", "the claims that list their teams"),
    V("GENERIC_ROLE_MAPPINGS_ROLES", "generic.role_mappings", "which groups make which role: a dictionary of role to "
      "list of groups, in JSON or Python's way"),
    V("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM", "generic.role_mappings_group_claim", "the claim that lists those groups"),
    V("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "generic.role_mappings_default_role", "the role of people in none"),
    V("GENERIC_CLIENT_USE_PKCE", "", "nothing any more: PKCE is always used", "true"),
    V("PKCE_STRICT_CACHE_MISS", "", "nothing any more: no login ends without its "
      "verifier", "true"),
    V("GENERIC_CLIENT_STATE", "", "refused: each login has a state of its own"),
)  # fmt: skip

VARIABLES: tuple[Variable, ...] = (*_SERVICE, *_ACCESS, *_GOOGLE, *_MICROSOFT, *_GENERIC)

BY_NAME = {variable.name: variable for variable in VARIABLES}
