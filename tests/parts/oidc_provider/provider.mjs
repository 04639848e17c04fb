// The certified provider of the tests. It is told its part in one line of JSON on standard input, binds a free port on
// the loopback interface, or the one it is told, prints `ready ISSUER`, and ends on SIGTERM or with whoever holds its
// standard input. Where something lies between it and everybody else, `origin` is the address of that.
//
// POST /__rotate (beside the issuer's path, never under it) replaces every signature key: a new Provider with the same
// issuer and the same storage takes over, so pending logins, codes and sessions live on while `kid`s change.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import Provider from "oidc-provider";

const input = createInterface({ input: process.stdin });
const part = JSON.parse((await input[Symbol.asyncIterator]().next()).value);
process.stdin.on("end", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));

// The bundled memory adapter forgets beyond 1000 entries; this one forgets nothing but what has expired.
const storage = new Map();

class MapAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    storage.set(this.key(id), { payload, expiresAt });
  }

  async find(id) {
    const entry = storage.get(this.key(id));
    return entry && entry.expiresAt > Date.now() ? entry.payload : undefined;
  }

  async findWhere(name, value) {
    for (const [key, { payload, expiresAt }] of storage) {
      if (key.startsWith(`${this.model}:`) && payload[name] === value && expiresAt > Date.now()) return payload;
    }
    return undefined;
  }

  findByUserCode(userCode) {
    return this.findWhere("userCode", userCode);
  }

  findByUid(uid) {
    return this.findWhere("uid", uid);
  }

  async consume(id) {
    const entry = storage.get(this.key(id));
    if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    storage.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of storage) {
      if (payload.grantId === grantId) storage.delete(key);
    }
  }
}

function newKeys() {
  const pairs = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("ed25519"),
  ];
  return pairs.map(({ privateKey }) => ({ ...privateKey.export({ format: "jwk" }), use: "sig", kid: randomUUID() }));
}

function registered(client) {
  return {
    client_id: client.client_id,
    ...(client.client_secret === null ? {} : { client_secret: client.client_secret }),
    token_endpoint_auth_method: client.auth_method,
    id_token_signed_response_alg: client.id_token_alg,
    ...(client.userinfo_alg === null ? {} : { userinfo_signed_response_alg: client.userinfo_alg }),
    ...(client.backchannel_logout_uri === null
      ? {}
      : {
          backchannel_logout_uri: client.backchannel_logout_uri,
          backchannel_logout_session_required: client.backchannel_logout_session_required,
        }),
    redirect_uris: part.redirect_uris,
    post_logout_redirect_uris: part.post_logout_redirect_uris,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
}

const cookieKeys = [randomUUID()];

function newProvider(issuer, keys) {
  return new Provider(issuer, {
    adapter: MapAdapter,
    clients: part.clients.map(registered),
    jwks: { keys },
    cookies: { keys: cookieKeys },
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
    features: {
      devInteractions: { enabled: false },
      jwtUserinfo: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
    },
    interactions: { url: (ctx, interaction) => `${part.path}/interaction/${interaction.uid}` },
    findAccount: (ctx, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: `${sub} Example`,
        email: `${sub}@example.test`,
        email_verified: true,
        groups: ["staff", `friends of ${sub}`],
      }),
    }),
    // Without its dispatcher, which refuses connections to the loopback interface where the tests' relying parties are.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  });
}

// The two pages a person sees. Any name and any password will do.
const page = (body) =>
  `<!DOCTYPE html><html lang="en"><title>Provider</title><body><form method="post">${body}</form></body></html>`;
const loginPage = page(`
  <label>Name <input type="text" name="login" required autofocus></label>
  <label>Password <input type="password" name="password" required></label>
  <button type="submit">Sign in</button>`);
const consentPage = page(`
  <p>The application asks to know who you are.</p>
  <button type="submit" name="answer" value="accept">Agree</button>
  <button type="submit" name="answer" value="refuse">Refuse</button>`);

async function consented(provider, { session, params, prompt, grantId }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(" "));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

async function interact(provider, request, response) {
  const interaction = await provider.interactionDetails(request, response);
  const asksForLogin = interaction.prompt.name === "login";
  if (request.method === "GET") {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
    response.end(asksForLogin ? loginPage : consentPage);
    return;
  }
  const form = new URLSearchParams(await text(request));
  let result;
  if (asksForLogin) {
    result = { login: { accountId: form.get("login") } };
  } else if (form.get("answer") === "accept") {
    result = await consented(provider, interaction);
  } else {
    result = { error: "access_denied", error_description: "the person refused" };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !asksForLogin });
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const server = createServer();
server.listen(part.port ?? 0, "127.0.0.1", () => {
  const issuer = `${part.origin ?? `http://localhost:${server.address().port}`}${part.path}`;
  let provider = newProvider(issuer, newKeys());

  async function answer(request, response) {
    if (request.method === "POST" && request.url === "/__rotate") {
      const keys = newKeys();
      provider = newProvider(issuer, keys);
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ kids: keys.map(({ kid }) => kid) }));
    } else if (request.url.startsWith(`${part.path}/interaction/`)) {
      await interact(provider, request, response);
    } else if (request.url.startsWith(`${part.path}/`)) {
      // How the library learns under which path it is mounted: the rest of the address, and all of it.
      request.originalUrl = request.url;
      request.url = request.url.slice(part.path.length);
      await provider.callback()(request, response);
    } else {
      response.writeHead(404).end();
    }
  }

  server.on("request", (request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500, { "Content-Type": "text/plain" }).end(String(error));
    });
  });
  console.log(`ready ${issuer}`);
});
