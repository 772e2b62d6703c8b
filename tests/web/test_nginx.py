"""The server behind a real nginx, set up as the documentation says, and as people do at first."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest

from captchascope.generate import write_folder
from captchascope.web.settings import Settings
from ending import end
from web.label import server as label_server
from web.serving import TIMEOUT, serving

DOCUMENT = Path(__file__).parents[2] / "docs" / "serving.md"
NAME = "captcha.example"
ROOT = "/captcha"
TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SEED = 990_121


def program(name: str) -> str:
    """Return where a program is; skip the test where there is none."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs {name}")
    return found


@contextmanager
def nginx(folder: Path, servers: str, *listeners: socket.socket) -> Iterator[None]:
    """Run nginx until the block ends, on sockets that are open already: no port can be taken.

    It finds them as it finds those of the nginx that it takes the place of.
    """
    config = f"""
        daemon off;
        worker_processes 1;
        {"user root root;" if os.geteuid() == 0 else ""}
        pid {folder}/nginx.pid;
        error_log stderr;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {folder}/body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            {servers}
        }}
    """
    (folder / "nginx.conf").write_text(config, encoding="utf-8")
    numbers = [one.fileno() for one in listeners]
    process = subprocess.Popen(
        [program("nginx"), "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"],
        env={**os.environ, "NGINX": "".join(f"{number};" for number in numbers)},
        pass_fds=numbers,
    )
    try:
        for one in listeners:
            one.close()
        yield
    finally:
        end(process)


def listening() -> tuple[socket.socket, str]:
    """Return a socket that listens, and its address."""
    one = socket.create_server(("127.0.0.1", 0))
    return one, f"127.0.0.1:{one.getsockname()[1]}"


def recipe(certificate: Path, upstream: str, plain: str, tls: str) -> str:
    """Return the nginx configuration of the documentation, with addresses of this machine."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    text = found[1]
    for written, here in {
        "server 127.0.0.1:8000;": f"server {upstream};",
        "listen 80;": f"listen {plain};",
        "listen 443 ssl;": f"listen {tls} ssl;",
        "/etc/ssl/certs/captcha.example.pem": str(certificate),
        "/etc/ssl/private/captcha.example.key": str(certificate.with_suffix(".key")),
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, here)
    return text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for the name, and its key beside it."""
    path = tmp_path_factory.mktemp("tls") / "captcha.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    made = [program("openssl"), "req", "-x509", *kind, *names, *files]
    subprocess.run(made, check=True, capture_output=True)
    return path


@dataclass(frozen=True, slots=True)
class Site:
    """What nginx serves: the addresses of both its ports, and a client of the one with TLS."""

    plain: str
    tls: str
    client: httpx.Client

    @property
    def origin(self) -> str:
        """What a browser says that its pages are of."""
        return f"https://{NAME}:{self.tls.rpartition(':')[2]}"


@contextmanager
def client_of(tls: str, certificate: Path) -> Iterator[httpx.Client]:
    """Give what asks a port of this machine as if the name pointed there."""
    host = {"Host": f"{NAME}:{tls.rpartition(':')[2]}"}
    known = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(
        base_url=f"https://{tls}", verify=known, headers=host, timeout=TIMEOUT
    ) as one:
        yield one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Site]:
    """Label a folder below a path, as the documentation says."""
    program("nginx")
    folder = tmp_path_factory.mktemp("behind")
    write_folder("metu", folder / "captchas", 6, SEED)
    for labels in (folder / "captchas").glob("labels.*"):
        labels.unlink()
    token = folder / "token.txt"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    told = ["--token-file", token, "--allow-host", NAME, "--trusted-proxy", "127.0.0.1"]
    options = [*told, "--root-path", ROOT, "--no-retrain", "--model", "metu"]
    (plain, plain_at), (tls, tls_at) = listening(), listening()
    with label_server.serving(folder / "captchas", *options) as served:
        upstream = urlsplit(served.url)
        assert upstream.path == f"{ROOT}/label"
        servers = recipe(certificate, upstream.netloc, plain_at, tls_at)
        with nginx(folder, servers, plain, tls), client_of(tls_at, certificate) as client:
            yield Site(plain_at, tls_at, client)


def links(page: str) -> set[str]:
    """Return the paths that a page of the server leads to."""
    return {path for path in re.findall(r'(?:href|src|action)="([^"]*)"', page) if path[0] == "/"}


def test_without_tls_one_is_led_to_where_it_is(site: Site) -> None:
    """By nginx itself."""
    answer = httpx.get(f"http://{site.plain}/captcha/", headers={"Host": NAME}, timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{NAME}/captcha/")


def test_the_api_is_there(site: Site, captchas: list[bytes], labels: list[str]) -> None:
    """It reads, and tells what it did and what it is."""
    files = [("image", (f"{n}.jpeg", image)) for n, image in enumerate(captchas[:3])]
    answer = site.client.post(f"{ROOT}/v1/read", files=files, headers=BEARER)
    assert answer.status_code == 200
    assert [row["text"] for row in answer.json()["readings"]] == labels[:3]
    metrics = site.client.get(f"{ROOT}/metrics", headers=BEARER).text
    assert 'captchascope_requests_total{path="/v1/read",status="200"}' in metrics
    told = site.client.get(f"{ROOT}/openapi.json", headers=BEARER).json()
    assert told["servers"] == [{"url": ROOT}]
    assert site.client.get(f"{ROOT}/v1/models").status_code == 401


def test_an_upload_may_be_as_long_as_without_a_proxy(site: Site) -> None:
    """2 MB are read; what is too long is refused by the server itself, which says so."""
    noise = np.random.default_rng(SEED).integers(0, 256, (700, 1000, 3), np.uint8)
    image = cv2.imencode(".bmp", noise)[1].tobytes()
    assert len(image) > 2_000_000
    kind = {"Content-Type": "image/bmp", **BEARER}
    assert site.client.post(f"{ROOT}/v1/read", content=image, headers=kind).status_code == 200
    refused = site.client.post(f"{ROOT}/v1/read", content=bytes(2**24 + 1), headers=kind)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"


def test_one_logs_in_and_labels(site: Site) -> None:
    """As a browser does: with the Origin, and a cookie that goes through TLS alone."""
    client, page = site.client, {"Accept": "text/html"}
    own = {"Origin": site.origin, "Sec-Fetch-Site": "same-origin"}
    led = client.get(f"{ROOT}/label", headers=page)
    assert (led.status_code, led.headers["location"]) == (303, f"{ROOT}/login")
    login = client.post(f"{ROOT}/login", data={"token": TOKEN}, headers=own)
    assert (login.status_code, login.headers["location"]) == (303, f"{ROOT}/")
    cookie = login.headers["set-cookie"]
    assert "; Path=/captcha/;" in cookie
    assert "; Secure" in cookie
    client.cookies.clear()
    known = {**own, "Cookie": cookie.partition(";")[0]}
    for path in (f"{ROOT}/", f"{ROOT}/label"):
        found = links(client.get(path, headers=known | page).text)
        assert f"{ROOT}/results" in found
        for link in found - {f"{ROOT}/read"}:
            assert link.startswith(f"{ROOT}/")
            assert client.get(link, headers=known | page).status_code == 200, link
    session = {"session": "behind-nginx"}
    lease = client.post(f"{ROOT}/label/lease", json={**session, "want": 1}, headers=known).json()
    image = lease["new"][0]["id"]
    shown = client.get(f"{ROOT}/label/image/{image}", headers=known)
    assert shown.headers["content-type"] == "image/png"
    word = {"key": "behind-nginx-1", "image": image, "text": "123456"}
    said = client.post(f"{ROOT}/label/say", json={**session, "said": [word]}, headers=known)
    assert said.json()["progress"]["labelled"] == lease["progress"]["labelled"] + 1
    foreign = {**known, "Origin": "https://evil.example"}
    assert client.post(f"{ROOT}/label/say", json={}, headers=foreign).status_code == 403


def test_wrong_tokens_are_counted_by_the_address_that_nginx_tells(site: Site) -> None:
    """What a client writes there itself is not believed, and the right token is let in."""
    wrong = {"Authorization": "Bearer no"}
    # nginx adds 127.0.0.1, which is trusted, so that the client's own word counts in this test
    for number in range(11):
        told = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.5"}
        last = site.client.get(f"{ROOT}/metrics", headers=wrong | told)
    assert last.status_code == 429
    assert site.client.get(f"{ROOT}/metrics", headers=wrong).status_code == 401
    told = {"X-Forwarded-For": "203.0.113.5"}
    assert site.client.get(f"{ROOT}/metrics", headers=BEARER | told).status_code == 200


def test_the_pages_work_in_a_browser(site: Site, captchas: list[bytes], labels: list[str]) -> None:
    """Below the path: every script, style, image and form; a browser complains of what is not."""
    browsing = pytest.importorskip("web.browsing", reason="needs the extra 'browser'")
    expect = browsing.expect
    secure = {"ignore_https_errors": True}  # it knows nobody who signed this certificate
    with browsing.launched() as browser, browsing.opened(browser, **secure) as page:
        page.goto(f"https://{site.tls}{ROOT}/label")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        file = {"name": "1.jpeg", "mimeType": "image/jpeg", "buffer": captchas[0]}
        page.set_input_files("#images", file)
        expect(page.locator("#readings")).to_contain_text(labels[0])
        page.get_by_role("link", name="Label").click()
        expect(page.locator("#work")).to_be_visible()
        left = int(page.inner_text("#left"))
        page.keyboard.type("123456")
        page.keyboard.press("Enter")
        expect(page.locator("#left")).to_have_text(str(left - 1))
        shown = "img => img.decode().then(() => img.naturalWidth)"
        assert page.locator("#work img").first.evaluate(shown) > 0
        page.get_by_role("link", name="Review").click()
        expect(page.locator("h1")).to_be_visible()
        page.get_by_role("link", name="Results").click()
        expect(page.get_by_role("heading", name="metu", exact=True)).to_be_visible()
        assert page.url == f"https://{site.tls}{ROOT}/results"


def test_what_people_write_at_first_works_once_the_name_is_allowed(
    tmp_path: Path, captchas: list[bytes]
) -> None:
    """A bare proxy_pass, which asks by an address; and one below a path that it takes off."""
    program("nginx")
    one, at = listening()
    port = at.rpartition(":")[2]
    settings = Settings(hosts=frozenset({f"{NAME}:{port}"}), root_path=ROOT, models=("metu",))
    with serving(settings) as served:
        upstream = served.url.removesuffix(ROOT)
        ways = f"""
            server {{
                listen {at};
                location / {{ proxy_pass {upstream}; }}
                location {ROOT}/ {{ proxy_pass {upstream}/; }}
            }}
        """
        host, url = {"Host": f"{NAME}:{port}"}, f"http://{at}"
        with nginx(tmp_path, ways, one), httpx.Client(headers=host, timeout=TIMEOUT) as client:
            for path in ("/read", f"{ROOT}/read"):
                files = {"images": ("1.jpeg", captchas[0])}
                sent = {"Origin": f"http://{NAME}:{port}"}
                answer = client.post(f"{url}{path}", files=files, headers=sent)
                assert answer.status_code == 200
                assert all(link.startswith(f"{ROOT}/") for link in links(answer.text))
                refused = client.post(f"{url}{path}", headers={"Origin": "http://other.example"})
                assert refused.status_code == 403
                assert "--allow-host" in refused.json()["detail"]
            foreign = {"Origin": "http://other.example"}  # refused before nginx has sent all of it
            for _ in range(10):
                refused = client.post(f"{url}/read", content=bytes(900_000), headers=foreign)
                assert refused.status_code == 403
            assert (
                client.get(f"{url}/label/").headers["location"]
                == f"http://{NAME}:{port}{ROOT}/label"
            )
